package main

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/weight"
)

func TestTable(t *testing.T) {
	medians := map[string]time.Duration{"ours": 1100 * time.Microsecond, rawGet: time.Millisecond, kubectlGet: 75 * time.Millisecond}
	light, heavy := weight.Weight{Bytes: 11e6, Modules: 27}, weight.Weight{Bytes: 44e6, Modules: 54}
	for _, tt := range []struct {
		row  report.Row
		want string
	}{
		{raceRow("Get", medians, "ours", rawGet, 1.15), "| Get | 1.10 ms | " + rawGet + " | 1.00 ms | 1.10 × | ≤ 1.15 × | ok |"},
		{raceRow("Get", medians, "ours", rawGet, 1.05), "| Get | 1.10 ms | " + rawGet + " | 1.00 ms | 1.10 × | ≤ 1.05 × | **missed** |"},
		{raceRow("Get", medians, "ours", kubectlGet, 0), "| Get | 1.10 ms | " + kubectlGet + " | 75.00 ms | 1/68 × |  |  |"},
		{report.RatioRow("x", "a", "b", "c", math.NaN(), 1), "| x | a | b | c | NaN × | ≤ 1 × | **missed** |"},
		{bytesRow(light, heavy, "b", true), "| stripped binary | 11.0 MB | b | 44.0 MB | 0.25 × | under 13 MB | ok |"},
		{bytesRow(heavy, light, "b", true), "| stripped binary | 44.0 MB | b | 11.0 MB | 4.00 × | under 13 MB | **missed** |"},
		{modulesRow(light, heavy, "b", true), "| modules linked | 27 | b | 54 | 0.50 × | under 30 | ok |"},
		{modulesRow(heavy, light, "b", false), "| modules linked | 54 | b | 27 | 2.00 × |  |  |"},
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
