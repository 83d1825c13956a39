package workflow

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// uidOf returns the UID of a workflow of the server.
func uidOf(t *testing.T, c *WorkflowClient, name string) types.UID {
	t.Helper()
	s, err := c.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return s.UID
}

// waitFor waits for the workflow with that UID and watches it at the same time, and returns the
// error of each. No state of another workflow may be seen.
func waitFor(t *testing.T, c *WorkflowClient, name string, uid types.UID) (errs [2]error) {
	t.Helper()
	foreign := func(s *status.WorkflowStatus) {
		if s.UID != uid {
			t.Errorf("%s: saw %s instead of %s", name, s.UID, uid)
		}
	}
	var calls sync.WaitGroup
	calls.Go(func() {
		_, errs[0] = c.Wait(t.Context(), name, func(s *status.WorkflowStatus) (bool, error) {
			foreign(s)
			return s.Completed(), nil
		}, WithUID(uid))
	})
	calls.Go(func() {
		for s, err := range c.Watch(t.Context(), name, WithUID(uid)) {
			if errs[1] = err; err == nil {
				foreign(s)
			}
		}
	})
	calls.Wait()
	return errs
}

// With a UID, another workflow of the name is never mistaken for the one that is meant: at the
// first look, during the wait, after an outage that hid the change, and on a shared watch.
func TestWaitWithUID(t *testing.T) {
	for _, others := range []int{0, 20} {
		for _, outage := range []bool{false, true} {
			for _, replaced := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d others, outage %t, replaced %t", others, outage, replaced), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						s := apitest.Of(others)
						s.Put("w", nil)
						c := clientOf(t, s, Options{})
						for i := range others {
							go func() { _, _ = c.Wait(t.Context(), apitest.Name(i), Completed) }()
						}
						uid := uidOf(t, c, "w")
						want := ErrDeleted
						time.AfterFunc(time.Minute, func() {
							if outage {
								s.Set(func() { s.Refuse = func(*http.Request) error { return io.ErrUnexpectedEOF } })
								s.Cut(nil)
							}
							s.Remove("w")
							if replaced {
								s.SetPhase("w", "Succeeded") // must not end the wait
							}
							if outage {
								s.Compact()
								s.Set(func() { s.Refuse = nil })
							}
						})
						if replaced {
							want = ErrReplaced
						}
						for _, err := range waitFor(t, c, "w", uid) {
							// Without an outage, the deletion is seen before the new workflow.
							if !errors.Is(err, want) && (outage || !errors.Is(err, ErrDeleted)) {
								t.Errorf("during the call: %v", err)
							}
						}
						synctest.Wait() // for the new workflow: a call can end between the two changes
						for _, err := range waitFor(t, c, "w", uid) {
							var gone *DeletedError
							if !errors.Is(err, want) || !errors.As(err, &gone) || gone.Last != nil {
								t.Errorf("at the first look: %v", err)
							}
						}
					})
				})
			}
		}
	}
}

func TestWaitOptions(t *testing.T) {
	uids := map[string]types.UID{"w": "other"}
	for name, tc := range map[string]struct {
		opts []WaitOption
		want types.UID
	}{
		"none":             {nil, ""},
		"nil":              {[]WaitOption{nil, WithUID("u"), nil}, "u"},
		"the later one":    {[]WaitOption{WithUID("u"), WithUID("")}, ""},
		"by name":          {[]WaitOption{WithUIDs(uids)}, "other"},
		"without the name": {[]WaitOption{WithUIDs(nil)}, ""},
	} {
		if o := WaitOptionsFor("w", tc.opts...); o.UID != tc.want {
			t.Errorf("%s: %q", name, o.UID)
		}
	}
}

// Each wait of WaitMany has the UID of its own workflow. A workflow without one is not restricted.
func TestWaitManyWithUIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		names := []string{"same", "replaced", "any", "missing"}
		for _, name := range names[:3] {
			s.SetPhase(name, "Succeeded")
		}
		c := clientOf(t, s, Options{})
		uids := map[string]types.UID{"same": uidOf(t, c, "same"), "replaced": "before", "missing": "before"}
		want := map[string]error{"replaced": ErrReplaced, "missing": ErrDeleted}
		count := 0
		for name, r := range WaitMany(t.Context(), c, names, Completed, WithUIDs(uids)) {
			if count++; !errors.Is(r.Err, want[name]) {
				t.Errorf("%s: %v", name, r.Err)
			}
		}
		if count != len(names) {
			t.Errorf("%d results", count)
		}
	})
}
