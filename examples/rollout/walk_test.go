package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestWhatIsNotKept(t *testing.T) {
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

func TestLinesArePrintable(t *testing.T) {
	var out strings.Builder
	printLines(&out, "workflow w\x1b[2K\rx\nnext\u202e")
	if want := "workflow w\\u001b[2K\\rx\nnext\\u202e\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
