package report_test

import (
	"math"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		row  report.Row
		want string
	}{
		{report.RatioRow("x", "a", "b", "c", 1.1, 1.15), "| x | a | b | c | 1.10 × | ≤ 1.15 × | ok |"},
		{report.RatioRow("x", "a", "b", "c", 1.1, 1.05), "| x | a | b | c | 1.10 × | ≤ 1.05 × | **missed** |"},
		{report.RatioRow("x", "a", "b", "c", 1.0/68, 0), "| x | a | b | c | 1/68 × |  |  |"},
		{report.RatioRow("x", "a", "b", "c", 0, 1), "| x | a | b | c | 0.00 × | ≤ 1 × | ok |"},
		{report.RatioRow("x", "a", "b", "c", math.Inf(1), 0), "| x | a | b | c |  |  |  |"},
		{report.RatioRow("x", "a", "b", "c", -0.5, 0), "| x | a | b | c |  |  |  |"},
		{report.RatioRow("x", "a", "b", "c", math.NaN(), 1), "| x | a | b | c | NaN × | ≤ 1 × | **missed** |"},
	} {
		var text strings.Builder
		if err := report.WriteTable(&text, []report.Row{tt.row}); err != nil {
			t.Fatal(err)
		}
		if lines := strings.Split(text.String(), "\n"); len(lines) != 4 || lines[2] != tt.want {
			t.Errorf("got\n%s\nwant\n%s", text.String(), tt.want)
		}
		if got, want := report.Missed([]report.Row{{}, tt.row}), strings.Contains(tt.want, "missed"); got != want {
			t.Errorf("missed %t, want %t: %s", got, want, tt.want)
		}
	}
}
