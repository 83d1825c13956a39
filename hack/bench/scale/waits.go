package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// waits is this library's way: one client, and a goroutine in Wait for each workflow.
type waits struct {
	peer   *peer
	client *workflow.WorkflowClient
}

func (w *waits) start(ctx context.Context) (err error) {
	if w.client, err = workflow.NewForConfig(w.peer.config, workflow.Options{Namespace: w.peer.task.Namespace}); err != nil {
		return err
	}
	var seen sync.WaitGroup
	seen.Add(w.peer.task.Workflows)
	for index := range w.peer.task.Workflows {
		go w.wait(ctx, index, nameOf(index), seen.Done)
	}
	seen.Wait()
	return nil
}

func (w *waits) again(ctx context.Context, index int) { go w.wait(ctx, index, nameOf(index), nil) }

// wait waits for one workflow's end. seen is called at the first state. The name is not made here,
// since that takes more of the stack than waiting does.
func (w *waits) wait(ctx context.Context, index int, name string, seen func()) {
	s, err := w.client.Wait(ctx, name, func(s *status.WorkflowStatus) (bool, error) {
		if seen != nil {
			seen()
			seen = nil
		}
		return workflow.Completed(s)
	})
	reported := nanos()
	switch {
	case err == nil:
		w.peer.ended(index, s.ResourceVersion, reported)
	case ctx.Err() == nil:
		w.peer.failed(fmt.Errorf("wait: %w", err))
	}
}
