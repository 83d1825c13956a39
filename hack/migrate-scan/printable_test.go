package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"unicode"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// Paths can have any characters. A report is read on terminals, in each of its forms.
func TestReportsArePrintable(t *testing.T) {
	const forged = "a\x1b[2K\r\u009b2J\u202e\u3164\ufe0f\U000E0041.py"
	r := &report{
		Findings: []finding{{File: forged, Line: 1, Sure: old.Certain, Old: "x", New: "y"}},
		Files:    []tally{{File: forged, counts: counts{Findings: 1}}},
		Skipped:  []skipped{{File: forged, Reason: forged}},
		Total:    total{Files: 1},
	}
	for name, write := range map[string]func(io.Writer, *report) error{"table": writeTable, "JSON": writeJSON, "SARIF": writeSARIF} {
		var out strings.Builder
		if err := write(&out, r); err != nil {
			t.Fatal(err)
		}
		for _, c := range out.String() {
			if c != '\n' && !unicode.IsGraphic(c) || unicode.In(c, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
				t.Errorf("the %s has %q", name, c)
			}
		}
		if name != "JSON" {
			continue
		}
		var back struct{ Findings []struct{ File string } }
		if err := json.Unmarshal([]byte(out.String()), &back); err != nil || back.Findings[0].File != forged {
			t.Errorf("%v: %s", err, out.String())
		}
	}
}
