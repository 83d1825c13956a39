package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// operations returns a call of each operation, on the workflow w where there is one.
func operations(t *testing.T) map[Op]func(ctx context.Context, c *WorkflowClient) error {
	t.Helper()
	return map[Op]func(ctx context.Context, c *WorkflowClient) error{
		OpCreate: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Create(ctx, workflowObject(t, `{kind: Workflow, metadata: {name: w}, spec: {}}`))
			return err
		},
		OpGet: func(ctx context.Context, c *WorkflowClient) error { _, err := c.Get(ctx, "w"); return err },
		OpList: func(ctx context.Context, c *WorkflowClient) (last error) {
			for _, err := range c.List(ctx, ListOptions{}) {
				last = err
			}
			return last
		},
		OpStart: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Start(ctx, StartRequest{Template: "it", Name: "w"})
			return err
		},
		OpWatch: func(ctx context.Context, c *WorkflowClient) (last error) {
			for _, err := range c.Watch(ctx, "w") {
				last = err
			}
			return last
		},
		OpWait:  func(ctx context.Context, c *WorkflowClient) error { _, err := c.Wait(ctx, "w", Completed); return err },
		OpGates: func(ctx context.Context, c *WorkflowClient) error { _, err := c.Gates(ctx, "w"); return err },
		OpApprove: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Approve(ctx, "w", Decision{All: true})
			return err
		},
		OpReject: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Reject(ctx, "w", Decision{All: true})
			return err
		},
		OpSuspend: func(ctx context.Context, c *WorkflowClient) error { return c.Suspend(ctx, "w", SuspendOptions{}) },
		OpResume: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resume(ctx, "w", ResumeOptions{})
			return err
		},
		OpStop:      func(ctx context.Context, c *WorkflowClient) error { return c.Stop(ctx, "w", StopOptions{}) },
		OpTerminate: func(ctx context.Context, c *WorkflowClient) error { return c.Terminate(ctx, "w", TerminateOptions{}) },
		OpDelete:    func(ctx context.Context, c *WorkflowClient) error { return c.Delete(ctx, "w", DeleteOptions{}) },
		OpRetry: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Retry(ctx, "w", RetryOptions{})
			return err
		},
		OpResubmit: func(ctx context.Context, c *WorkflowClient) error {
			_, err := c.Resubmit(ctx, "w", ResubmitOptions{})
			return err
		},
		OpLogs: func(ctx context.Context, c *WorkflowClient) (last error) {
			for _, err := range c.Logs(ctx, "w", LogOptions{}) {
				last = err
			}
			return last
		},
		OpCheckPermissions: func(ctx context.Context, c *WorkflowClient) error { return c.CheckPermissions(ctx) },
	}
}

// Each operation begins and ends once. Its requests have the context that Begin returned.
func TestEveryOperationIsObserved(t *testing.T) {
	for op, do := range operations(t) {
		t.Run(string(op), func(t *testing.T) {
			r := &recorder{}
			sent := 0
			c, err := NewForConfig(&rest.Config{Host: "http://script", Transport: kubectlTransport{scriptTransport(func(req *http.Request) (any, error) {
				sent++
				if got := req.Context().Value(opKey{}); got != op {
					t.Errorf("%s %s was sent with the context of %v", req.Method, req.URL, got)
				}
				return nil, apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "w", errors.New("no"))
			})}}, Options{Observer: r})
			if err != nil {
				t.Fatal(err)
			}
			err = do(t.Context(), c)
			if !errors.Is(err, ErrForbidden) || sent == 0 {
				t.Fatalf("%v, after %d requests", err, sent)
			}
			want := Call{Op: op, Backend: BackendKubectl, Namespace: "ma", Name: "w"}
			if op == OpList || op == OpCreate || op == OpCheckPermissions {
				want.Name = ""
			}
			if len(r.begun) != 1 || len(r.ended) != 1 || len(r.alien) > 0 {
				t.Fatalf("begun %v, ended %v, alien %v", r.begun, r.ended, r.alien)
			}
			got := r.begun[0]
			if want.Began = got.Began; got != want || got.Began.IsZero() || time.Since(got.Began) > time.Hour {
				t.Errorf("began as %+v", got)
			}
			if op == OpCreate {
				want.Name = "w" // known by the end
			}
			if ended := r.ended[0]; ended.Call != want || !errors.Is(ended.err, err) {
				t.Errorf("ended as %+v", ended)
			}
		})
	}
}

// The end of a start has the name that the start chose. A start that is refused before has none.
func TestObservedNames(t *testing.T) {
	r := &recorder{}
	c := scriptedWith(t, Options{Observer: r}, func(req *http.Request) (any, error) {
		if req.Method == http.MethodPost {
			return gateObject(t, "1", "Running", ""), nil // the object's name is w
		}
		return nil, apierrors.NewForbidden(schema.GroupResource{}, "", nil) // so that no template is read
	})
	if _, err := c.Start(t.Context(), StartRequest{Template: "it"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Start(t.Context(), StartRequest{}); !errors.Is(err, ErrInvalid) {
		t.Fatal(err)
	}
	if r.begun[0].Name != "" || r.ended[0].Name != "w" || r.ended[0].err != nil {
		t.Errorf("%+v, then %+v", r.begun[0], r.ended[0])
	}
	if r.ended[1].Name != "" || Reason(r.ended[1].err) != "Invalid" {
		t.Errorf("%+v", r.ended[1])
	}
	if _, err := c.Start(t.Context(), StartRequest{Template: "it", DryRun: true}); err != nil {
		t.Fatal(err)
	}
	if r.begun[1].DryRun || !r.begun[2].DryRun || !r.ended[2].DryRun {
		t.Errorf("%+v, then %+v", r.begun[2], r.ended[2])
	}
}

// Retried attempts are reported with their error and the delay before the next attempt.
func TestRetriesAreObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		patches := 0
		c := scriptedWith(t, Options{Observer: r}, func(req *http.Request) (any, error) {
			if req.Method != http.MethodPatch {
				return gateObject(t, "1", "Running", ""), nil
			}
			switch patches++; patches {
			case 1:
				return nil, apierrors.NewConflict(schema.GroupResource{}, "w", errors.New("changed"))
			case 2:
				return nil, apierrors.NewTooManyRequests("busy", 3)
			}
			return gateObject(t, "2", "Running", ""), nil
		})
		if err := c.Suspend(t.Context(), "w", SuspendOptions{}); err != nil {
			t.Fatal(err)
		}
		got := noted[Retrying](r)
		if len(got) != 2 || len(r.events) != 2 {
			t.Fatalf("%+v", r.events)
		}
		for i, reason := range []string{"Conflict", "Unavailable"} {
			if e := got[i]; e.Op != OpSuspend || e.Name != "w" || e.Namespace != "ma" || e.Backend != BackendNative || Reason(e.Err) != reason {
				t.Errorf("%+v", e)
			}
		}
		if got[1].After < 3*time.Second || got[0].After >= time.Second {
			t.Errorf("after %v and %v", got[0].After, got[1].After)
		}
	})
}

// A panic in the caller's own code ends the operation, too.
func TestObservedPanic(t *testing.T) {
	s, r := apitest.New(), &recorder{}
	s.Put("w", nil)
	c := clientOf(t, s, Options{Observer: r})
	for _, do := range []func(){
		func() {
			_, _ = c.Wait(t.Context(), "w", func(*status.WorkflowStatus) (bool, error) { panic("mine") })
		},
		func() {
			for _, err := range c.Watch(t.Context(), "w") {
				panic(fmt.Sprint("mine, ", err))
			}
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic is lost")
				}
			}()
			do()
		}()
	}
	if len(r.ended) != 2 || !errors.Is(r.ended[0].err, errNotReturned) || !errors.Is(r.ended[1].err, errNotReturned) {
		t.Errorf("%+v", r.ended)
	}
}

// Logs that are followed to their end report no failure, although every watch and stream ends.
func TestFollowedLogsAreNoRetries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &recorder{}
		running := workflowObject(t, loggedYAML)
		_ = unstructured.SetNestedField(running.Object, "Running", "status", "phase")
		running.SetResourceVersion("1")
		over := running.DeepCopy()
		_ = unstructured.SetNestedField(over.Object, "Succeeded", "status", "phase")
		over.SetResourceVersion("2")
		play, closed, enough := loggedScript(running, over), 0, make(chan struct{})
		c := scriptedWith(t, Options{Observer: r}, func(req *http.Request) (any, error) {
			if isWatch(req) && strings.HasSuffix(req.URL.Path, "/pods") && closed < 3 {
				if closed++; closed == 3 {
					close(enough)
				}
				return io.NopCloser(strings.NewReader("")), nil
			}
			if isWatch(req) {
				<-enough // the workflow ends after that
			}
			return play(req)
		})
		if got, err := logged(t, t.Context(), c, LogOptions{Follow: true}); err != nil || len(got) == 0 || closed != 3 {
			t.Fatal(got, err, closed)
		}
		if retries := noted[Retrying](r); len(retries) > 0 {
			t.Errorf("%+v", retries)
		}
	})
}

// kubectlTransport is a transport that is not the native one.
type kubectlTransport struct{ http.RoundTripper }

func (kubectlTransport) Backend() Backend { return BackendKubectl }
