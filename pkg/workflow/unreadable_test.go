package workflow

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// Every operation that reads a workflow returns ErrUnreadable at once if the workflow cannot be
// read.
func TestOperationsOnAnObjectThatCannotBeRead(t *testing.T) {
	const name = "w0"
	operations := map[Op]func(context.Context, *WorkflowClient) error{
		OpGet: func(ctx context.Context, c *WorkflowClient) error { _, err := c.Get(ctx, name); return err },
		OpWatch: func(ctx context.Context, c *WorkflowClient) (err error) {
			for _, err = range c.Watch(ctx, name) {
			}
			return err
		},
		OpWait:  func(ctx context.Context, c *WorkflowClient) error { _, err := c.Wait(ctx, name, Completed); return err },
		OpGates: func(ctx context.Context, c *WorkflowClient) error { _, err := c.Gates(ctx, name); return err },
		OpApprove: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Approve(ctx, name, Decision{All: true})
			return err
		},
		OpReject: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Reject(ctx, name, Decision{All: true})
			return err
		},
		OpSuspend: func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, name, SuspendOptions{}) },
		OpResume: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, name, ResumeOptions{})
			return err
		},
		OpStop:      func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, name, StopOptions{}) },
		OpTerminate: func(ctx context.Context, c *WorkflowClient) error { return c.Terminate(ctx, name, TerminateOptions{}) },
		OpDelete:    func(ctx context.Context, c *WorkflowClient) error { return c.Delete(ctx, name, DeleteOptions{}) },
		OpRetry: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Retry(ctx, name, RetryOptions{})
			return err
		},
		OpResubmit: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resubmit(ctx, name, ResubmitOptions{})
			return err
		},
		OpLogs: func(ctx context.Context, c *WorkflowClient) (err error) {
			for _, err = range c.Logs(ctx, name, LogOptions{}) {
			}
			return err
		},
	}
	for op, call := range operations {
		for _, client := range []string{"NewForConfig", "New"} {
			t.Run(string(op)+", "+client, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := apitest.Of(1)
					s.Spoil(name, apitest.BrokenValue)
					c := clientsOf(t, s)[client]
					began := time.Now()
					err := call(t.Context(), c)
					want := ErrUnreadable
					if op == OpLogs && client == "New" { // such a client has no logs of any workflow
						want = ErrUnsupported
					}
					var failed *Error
					if !errors.Is(err, want) || !errors.As(err, &failed) || failed.Name != name || failed.Op != op {
						t.Errorf("%v", err)
					}
					if took := time.Since(began); took > time.Second {
						t.Errorf("after %v", took)
					}
				})
			})
		}
	}
}
