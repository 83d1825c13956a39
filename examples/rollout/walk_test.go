package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestBrokenGuarantees(t *testing.T) {
	w := &walk{ledger: &ledger{}}
	if err := w.kept(); err != nil {
		t.Error(err)
	}
	w.note("job 3 was lost", "job 4 was lost")
	w.note("job 3 was lost")
	w.ledger.differed(legacy.Difference{Op: workflow.OpGet, Name: "w5", Paths: []string{"spec"}})
	var broken *brokenError
	if err := w.kept(); !errors.As(err, &broken) {
		t.Fatal(err)
	}
	contains(t, broken.broken, []string{"job 3", "job 4", "w5 differs"})
}

// Text from elsewhere makes no line that looks like this program's own.
func TestErrorsStayOnTheirLines(t *testing.T) {
	w := &walk{ledger: &ledger{}}
	w.note("workflow w has failed: no\nrollout: all was as promised", "b")
	var out strings.Builder
	for _, err := range []error{w.kept(), errors.New("The Workflow is invalid:\nrollout: all was as promised")} {
		exitCode(t.Context(), err, &out)
	}
	want := "rollout: guarantees that did not hold:\n  workflow w has failed: no\\nrollout: all was as promised\n  b\n" +
		"rollout: The Workflow is invalid:\n  rollout: all was as promised\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestLinesArePrintable(t *testing.T) {
	var out strings.Builder
	printLines(&out, "workflow w\x1b[2K\rx\nnext\u202e")
	if want := "workflow w\\u001b[2K\\rx\nnext\\u202e\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
