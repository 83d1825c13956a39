package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// follower shows a workflow's states as they come and takes care of its gates.
type follower struct {
	workflows workflow.Interface
	view      view
	approver  approver
}

// follow returns the workflow's last state.
func (f *follower) follow(ctx context.Context, name string) (*status.WorkflowStatus, error) {
	defer f.view.close()
	var last *status.WorkflowStatus
	for s, err := range f.workflows.Watch(ctx, name) {
		if err != nil {
			return nil, err
		}
		last = s
		f.view.show(s)
		if s.Suspended() {
			if err := f.pass(ctx, s); err != nil {
				return nil, err
			}
		}
	}
	return last, nil
}

// pass has the gates that wait approved, one after the other.
func (f *follower) pass(ctx context.Context, s *status.WorkflowStatus) error {
	for _, gate := range s.SuspendedNodes() {
		f.view.pause()
		outputs, err := f.approver.approve(ctx, gate)
		if err != nil {
			return err
		}
		_, err = f.workflows.Resume(ctx, s.Name, workflow.ResumeOptions{
			Selector: "id=" + gate.ID, Outputs: outputs, UID: s.UID,
		})
		if err != nil && !errors.Is(err, workflow.ErrNotSuspended) { // somebody else was quicker
			return err
		}
	}
	if s.SpecSuspended && len(s.SuspendedNodes()) == 0 {
		_, err := f.workflows.Resume(ctx, s.Name, workflow.ResumeOptions{UID: s.UID})
		return err
	}
	return nil
}

// failedError ends the program after the failure has been reported.
type failedError struct{ err error }

func (e *failedError) Error() string { return e.err.Error() }
func (e *failedError) Unwrap() error { return e.err }

// report writes what a person wants to see of a workflow that has ended. A workflow that
// did not succeed is a failedError.
func report(w io.Writer, session string, s *status.WorkflowStatus, now time.Time) error {
	fmt.Fprintln(w)
	if err := s.WriteTree(w, now, status.TreeOptions{Groups: true}); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nBackfill %q: %s, %s steps in %s\n",
		session, s.Outcome(), s.Progress, s.EndTime.Sub(s.StartTime).Round(time.Second))
	err := s.Err()
	if err == nil {
		return nil
	}
	for _, n := range s.FailedNodes() {
		fmt.Fprintf(w, "  %s %s: %s\n", n.DisplayName, n.Phase, strings.Join(strings.Fields(n.Message), " "))
	}
	return &failedError{err}
}
