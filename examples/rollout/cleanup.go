package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// cleanUpFor is the time limit for deleting the workflows.
const cleanUpFor = 30 * time.Second

// leftError means that workflows of this run may still exist.
type leftError struct {
	run string
	err error
}

func (e *leftError) Error() string {
	return fmt.Sprintf("workflows remain; delete them by their label %s=%s: %s", labelRun, e.run, e.err)
}

func (e *leftError) Unwrap() error { return e.err }

// ofRun selects the workflows of a run.
func ofRun(run string) workflow.ListOptions {
	return workflow.ListOptions{LabelSelector: labelRun + "=" + run}
}

// nothingThere returns an error if the run already has workflows: they would be taken for those
// that this run starts.
func nothingThere(ctx context.Context, client workflow.Reader, run string) error {
	for s, err := range client.List(ctx, ofRun(run)) {
		if err != nil {
			return err
		}
		return &inputError{fmt.Errorf("--run %s: its workflows exist already, such as %s; delete those with the label %s=%s, or choose another name",
			run, s.Name, labelRun, run)}
	}
	return nil
}

// cleanUp deletes the workflows of a run, even if ctx has ended, and returns their number. The
// error is a [*leftError].
func cleanUp(ctx context.Context, client workflow.Interface, run string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpFor)
	defer cancel()
	var all []*status.WorkflowStatus
	for s, err := range client.List(ctx, ofRun(run)) {
		if err != nil {
			return 0, &leftError{run, err}
		}
		all = append(all, s)
	}
	var deleted atomic.Int64
	err := each(ctx, all, func(ctx context.Context, s *status.WorkflowStatus) error {
		err := client.Delete(ctx, s.Name, workflow.DeleteOptions{UID: s.UID})
		if err != nil && !errors.Is(err, workflow.ErrNotFound) {
			return err
		}
		deleted.Add(1)
		return nil
	})
	if err != nil {
		return deleted.Load(), &leftError{run, err}
	}
	return deleted.Load(), nil
}
