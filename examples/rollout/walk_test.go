package main

import (
	"errors"
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
