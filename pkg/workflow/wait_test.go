package workflow

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// A deadline is reported as a timeout whatever its cause is. A cancellation is not.
func TestEndOfContextIsExact(t *testing.T) {
	mine := errors.New("the deploy is over")
	for name, tc := range map[string]struct {
		context func(context.Context) (context.Context, context.CancelFunc)
		is, not error
	}{
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, time.Minute)
		}, context.DeadlineExceeded, context.Canceled},
		"deadline with a cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeoutCause(ctx, time.Minute, mine)
		}, context.DeadlineExceeded, context.Canceled},
		"cancelled with a cause": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancelCause(ctx)
			time.AfterFunc(time.Minute, func() { cancel(mine) })
			return ctx, func() { cancel(nil) }
		}, context.Canceled, context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				s.Put("w", nil)
				ctx, cancel := tc.context(t.Context())
				defer cancel()
				_, err := clientOf(t, s, Options{}).Wait(ctx, "w", Completed)
				var waited *WaitError
				if !errors.As(err, &waited) || waited.Last == nil || waited.Last.Phase != status.PhaseRunning {
					t.Fatal(err)
				}
				if !errors.Is(err, tc.is) || errors.Is(err, tc.not) || sentinelOf(err) != nil {
					t.Error(err)
				}
				if strings.Contains(name, "cause") && !errors.Is(err, mine) {
					t.Error(err)
				}
			})
		})
	}
}

// A workflow that was deleted or replaced is distinguished from one that never existed.
func TestWaitOnAWorkflowThatGoes(t *testing.T) {
	for name, want := range map[string]error{"deleted": ErrDeleted, "replaced": ErrReplaced} {
		synctest.Test(t, func(t *testing.T) {
			s := apitest.New()
			s.Put(name, nil)
			c := clientOf(t, s, Options{})
			time.AfterFunc(time.Minute, func() {
				s.Set(func() { s.Refuse = func(*http.Request) error { return io.ErrUnexpectedEOF } })
				s.Cut(nil)
				s.Remove(name)
				if name == "replaced" {
					s.Put(name, nil)
				}
				s.Compact()
				s.Set(func() { s.Refuse = nil })
			})
			_, err := c.Wait(t.Context(), name, Completed)
			var gone *DeletedError
			if !errors.Is(err, want) || !errors.As(err, &gone) || gone.Last == nil || gone.Last.Name != name {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := c.Wait(t.Context(), "never", Completed); !errors.Is(err, ErrNotFound) || errors.Is(err, ErrDeleted) {
				t.Error(err)
			}
		})
	}
}

// With WithEndOnly, Wait shows the first state and the end, and Watch is refused.
func TestEndOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		s.Put("w", nil)
		c := clientOf(t, s, Options{})
		time.AfterFunc(time.Minute, func() { s.Put("w", nil) })
		time.AfterFunc(2*time.Minute, func() { s.SetPhase("w", "Succeeded") })
		shown := 0
		ended, err := c.Wait(t.Context(), "w", func(s *status.WorkflowStatus) (bool, error) {
			shown++
			return s.Completed(), nil
		}, WithEndOnly())
		if err != nil || ended.Phase != status.PhaseSucceeded || shown != 2 || s.Tables != 1 {
			t.Errorf("%d states of %d watches of tables, %v", shown, s.Tables, err)
		}
		sent := s.Gets + s.Lists + s.Watches
		for state, err := range c.Watch(t.Context(), "w", WithEndOnly()) {
			if state != nil || !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "endOnly") {
				t.Error(state, err)
			}
		}
		if s.Gets+s.Lists+s.Watches != sent {
			t.Error("a request was sent")
		}
	})
}

// A workflow that was deleted before it could be read at its end has ended as its last row says. Its nodes
// are not known.
func TestEndOnlyOfADeletedWorkflow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		s.Put("w", nil)
		time.AfterFunc(time.Minute, func() {
			s.SetPhase("w", "Failed")
			s.Remove("w")
		})
		ended, err := clientOf(t, s, Options{}).Wait(t.Context(), "w", Completed, WithEndOnly())
		if err != nil || ended.Outcome() != status.OutcomeFailed || !errors.Is(ended.NodesErr, status.ErrNodesNotRead) || ended.Err() == nil {
			t.Errorf("%+v, %v", ended, err)
		}
		time.AfterFunc(time.Minute, func() { s.Remove("w") })
		s.Put("w", nil)
		_, err = clientOf(t, s, Options{}).Wait(t.Context(), "w", Completed, WithEndOnly())
		var gone *DeletedError
		if !errors.Is(err, ErrDeleted) || !errors.As(err, &gone) || gone.Last == nil {
			t.Error(err)
		}
	})
}

// putWaiting creates a workflow for an instance ID that no controller has picked up.
func putWaiting(s *apitest.Server, name, instance string) {
	s.Put(name, func(u *unstructured.Unstructured) {
		unstructured.RemoveNestedField(u.Object, "status")
		if instance != "" {
			u.SetLabels(map[string]string{naming.LabelInstanceID: instance})
		}
	})
}

func TestStartDiagnostic(t *testing.T) {
	for name, tc := range map[string]struct {
		others map[string]string // name → instance ID of the controller that has picked it up
		forbid bool
		want   string
	}{
		"down":        {map[string]string{"a": "mine"}, false, `a controller for the instance ID "mine" has worked in this namespace`},
		"wrong id":    {map[string]string{"a": "theirs"}, false, `only a controller for the instance ID "theirs" has worked`},
		"needs no id": {map[string]string{"a": ""}, false, `only a controller for workflows without one has worked`},
		"unmanaged":   {nil, false, `no workflow of this namespace was ever picked up`},
		"not to know": {nil, true, `check that a controller for the instance ID "mine" manages this namespace and runs`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				putWaiting(s, "w", "mine")
				for other, instance := range tc.others {
					s.Put(other, func(u *unstructured.Unstructured) {
						u.SetLabels(map[string]string{naming.LabelPhase: "Running"})
						if instance != "" {
							u.SetLabels(map[string]string{naming.LabelPhase: "Running", naming.LabelInstanceID: instance})
						}
					})
				}
				s.Refuse = func(r *http.Request) error {
					if tc.forbid && r.URL.Query().Get("limit") == "1" {
						return apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "", nil)
					}
					return nil
				}
				c := clientOf(t, s, Options{DiagnoseStartAfter: 10 * time.Second})
				var shown []*status.StartDiagnostic
				began := time.Now()
				_, err := c.Wait(t.Context(), "w", func(now *status.WorkflowStatus) (bool, error) {
					shown = append(shown, now.StartDiagnostic)
					if now.StartDiagnostic != nil {
						time.AfterFunc(time.Minute, func() { s.SetPhase("w", "Succeeded") })
					}
					return Completed(now)
				})
				if err != nil {
					t.Fatal(err)
				}
				if len(shown) != 3 || shown[0] != nil || shown[1] == nil || shown[2] != nil {
					t.Fatalf("%v", shown)
				}
				if text := shown[1].String(); !strings.Contains(text, tc.want) || !strings.Contains(text, "10s") {
					t.Error(text)
				}
				if took := time.Since(began); took > 75*time.Second {
					t.Errorf("after %s", took)
				}
			})
		})
	}
}

// A controller of Argo 4.1 cannot set a long template name as a label value.
func TestStartDiagnosticOfALongTemplate(t *testing.T) {
	for length, want := range map[int]bool{63: false, 64: true} {
		synctest.Test(t, func(t *testing.T) {
			s := apitest.New()
			putWaiting(s, "w", "")
			s.Put("w", func(u *unstructured.Unstructured) {
				ref := map[string]any{"name": strings.Repeat("a", length)}
				u.Object["spec"] = map[string]any{"workflowTemplateRef": ref}
			})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			_, err := clientOf(t, s, Options{}).Wait(ctx, "w", Completed)
			if err == nil || strings.Contains(err.Error(), "Argo 4.1, which picks up no workflow of a template") != want {
				t.Error(length, err)
			}
		})
	}
}

// The error of a wait that ends without a phase contains the diagnostic, too.
func TestStartDiagnosticInErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		putWaiting(s, "w", "")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := clientOf(t, s, Options{}).Wait(ctx, "w", Completed)
		if err == nil || !strings.Contains(err.Error(), "no controller has picked it up for 30s") {
			t.Error(err)
		}
		var shown int
		for now, err := range clientOf(t, s, Options{DiagnoseStartAfter: -1}).Watch(t.Context(), "w") {
			if err != nil {
				t.Fatal(err)
			}
			if shown++; shown == 1 {
				time.AfterFunc(time.Hour, func() { s.SetPhase("w", "Failed") })
			}
			if now.StartDiagnostic != nil {
				t.Error("a diagnostic, though they are disabled")
			}
		}
		if shown != 2 {
			t.Errorf("%d states", shown)
		}
	})
}

func TestNotPickedUp(t *testing.T) {
	if done, err := NotPickedUp(&status.WorkflowStatus{}); done || err != nil {
		t.Error(done, err)
	}
	if done, err := NotPickedUp(&status.WorkflowStatus{StartDiagnostic: &status.StartDiagnostic{}}); !done || err != nil {
		t.Error(done, err)
	}
}

// After the first refusal, the token file is read again in case the token was renewed.
func TestRefusalsOfAMoment(t *testing.T) {
	unauthorized := apierrors.NewUnauthorized("expired")
	forbidden := apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "w", nil)
	for name, tc := range map[string]struct {
		answers []error
		want    error
	}{
		"token renewed":                       {[]error{unauthorized}, nil},
		"token expired":                       {[]error{unauthorized, unauthorized}, ErrUnauthorized},
		"no role":                             {[]error{forbidden}, ErrForbidden},
		"roles not known after an outage":     {[]error{apierrors.NewServiceUnavailable("starting"), forbidden, forbidden}, nil},
		"account unknown after an outage":     {[]error{apierrors.NewServiceUnavailable("starting"), unauthorized, unauthorized}, nil},
		"no role at all, after an outage too": {append([]error{apierrors.NewServiceUnavailable("starting")}, repeated(forbidden, 100)...), ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := apitest.New()
				s.SetPhase("w", "Succeeded")
				requests := 0
				s.Refuse = func(*http.Request) error {
					requests++
					if requests <= len(tc.answers) {
						return tc.answers[requests-1]
					}
					return nil
				}
				c := clientOf(t, s, Options{})
				if _, err := c.Get(t.Context(), "w"); !errors.Is(err, tc.want) {
					t.Errorf("Get: %v", err)
				}
				requests = 0
				time.Sleep(time.Minute)
				if _, err := c.Wait(t.Context(), "w", Completed); !errors.Is(err, tc.want) {
					t.Errorf("Wait: %v", err)
				}
			})
		})
	}
}

func repeated(err error, times int) []error {
	errs := make([]error, times)
	for i := range errs {
		errs[i] = err
	}
	return errs
}
