package legacy

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// hanging runs commands that do not end by themselves.
type hanging struct {
	object  string // printed for a get that is not a watch; "" hangs, too
	notSent bool   // the commands wait for a place

	mu   sync.Mutex
	hung []time.Duration
}

func (h *hanging) ExecuteCommand(ctx context.Context, cmd Command) (CommandOutput, error) {
	if h.object != "" && cmd.Args[0] == "get" && !strings.Contains(cmd.Args[1], "watch=") {
		return CommandOutput{Stdout: h.object}, nil
	}
	began := time.Now()
	<-ctx.Done()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hung = append(h.hung, time.Since(began))
	return CommandOutput{}, &CommandError{Verb: verb(cmd), ReturnCode: -1, Err: context.Cause(ctx), NotSent: h.notSent}
}

// The Timeout of the configuration limits each command as it limits a request of the native client:
// neither a watch, nor is it the end of the caller's context.
func TestKubectlClientTakesTheTimeoutOfTheConfiguration(t *testing.T) {
	const timeout = 5 * time.Second
	get := func(ctx context.Context, c *KubectlClient) error { _, err := c.Get(ctx, "w"); return err }
	create := func(ctx context.Context, c *KubectlClient) error {
		_, err := c.Create(ctx, &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": "w"}, "spec": map[string]any{}}})
		return err
	}
	for name, tc := range map[string]struct {
		executor *hanging
		do       func(context.Context, *KubectlClient) error
		want     error
		after    time.Duration
	}{
		"a read":                      {&hanging{}, get, workflow.ErrUnavailable, timeout},
		"a write":                     {&hanging{}, create, workflow.ErrUnknownOutcome, timeout},
		"a write that waits its turn": {&hanging{notSent: true}, create, workflow.ErrUnavailable, timeout},
		"a watch has no limit but its context's": {&hanging{object: running}, func(ctx context.Context, c *KubectlClient) error {
			_, err := c.Wait(ctx, "w", workflow.Completed)
			return err
		}, context.DeadlineExceeded, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, err := newKubectlClient(tc.executor, Options{RetryFor: -1}, &rest.Config{Timeout: timeout})
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				began := time.Now()
				err = tc.do(ctx, c)
				took := time.Since(began)
				unknown := errors.Is(err, workflow.ErrUnknownOutcome)
				if !errors.Is(err, tc.want) || took != tc.after || unknown != errors.Is(tc.want, workflow.ErrUnknownOutcome) {
					t.Errorf("%v after %v", err, took)
				}
				synctest.Wait()
				if hung := tc.executor.hung; len(hung) != 1 || hung[0] < tc.after-time.Second {
					t.Errorf("commands hung for %v", hung)
				}
			})
		})
	}
}
