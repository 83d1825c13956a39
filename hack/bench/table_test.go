package main

import (
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/weight"
)

func TestTable(t *testing.T) {
	medians := map[string]time.Duration{"ours": 1100 * time.Microsecond, rawGet: time.Millisecond}
	light, heavy := weight.Weight{Bytes: 11e6, Modules: 27}, weight.Weight{Bytes: 44e6, Modules: 54}
	ok, missed := weightRows(light, heavy, heavy), weightRows(heavy, light, light)
	for _, tt := range []struct {
		row  report.Row
		want string
	}{
		{raceRow("Get", medians, "ours", rawGet, 1.15), "| Get | 1.10 ms | " + rawGet + " | 1.00 ms | 1.10 × | ≤ 1.15 × | ok |"},
		{ok[0], "| stripped binary | 11.0 MB | " + clientset + " | 44.0 MB | 0.25 × | under 12 MB | ok |"},
		{missed[0], "| stripped binary | 44.0 MB | " + clientset + " | 11.0 MB | 4.00 × | under 12 MB | **missed** |"},
		{ok[2], "| modules linked | 27 | " + clientset + " | 54 | 0.50 × | under 30 | ok |"},
		{missed[3], "| modules linked | 54 | " + apiclient + " | 27 | 2.00 × |  |  |"},
	} {
		var text strings.Builder
		if err := report.WriteTable(&text, []report.Row{tt.row}); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(text.String(), "\n"); len(lines) != 4 || lines[2] != tt.want {
			t.Errorf("got\n%s\nwant\n%s", text.String(), tt.want)
		}
	}
}
