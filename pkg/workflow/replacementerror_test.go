package workflow

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// createsOnly returns a function for [apitest.Server.Refuse] that refuses what would create a
// workflow: in a dry run, or else in earnest.
func createsOnly(dryRun bool, refuse func() error) func(*http.Request) error {
	return func(r *http.Request) error {
		if r.Method == http.MethodPost && path.Base(r.URL.Path) == "workflows" && dryRun == (r.URL.Query().Get("dryRun") != "") {
			return refuse()
		}
		return nil
	}
}

// The new workflow cannot be created once the old one is deleted.
func TestReplacementErrorOfTheCreate(t *testing.T) {
	workflows := schema.GroupResource{Resource: "workflows"}
	for name, tc := range map[string]struct{ refusal, want error }{
		"refused":     {apierrors.NewForbidden(workflows, "n", errors.New("no more")), ErrForbidden},
		"unavailable": {apierrors.NewServiceUnavailable("down"), ErrUnknownOutcome},
		"over quota":  {apierrors.NewForbidden(workflows, "n", errors.New("exceeded quota: q")), ErrUnavailable},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := newReplacing(t, nil)
			s.Refuse = createsOnly(false, func() error { return tc.refusal })
			_, err := s.client().Start(t.Context(), replacement(""))
			var failed *ReplacementError
			if !errors.As(err, &failed) || failed.Replaced != s.old || !errors.Is(err, tc.want) {
				t.Fatalf("%s: %v after %s", name, err, s.seen())
			}
			if text := err.Error(); !strings.Contains(text, "the workflow to replace (UID "+string(s.old)+") is deleted; create the new one: ") {
				t.Errorf("%s: %s", name, text)
			}
		})
	}
}

// A failure before the deletion is not a ReplacementError.
func TestNoReplacementErrorWhileTheOldWorkflowExists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newReplacing(t, nil)
		s.Refuse = func(r *http.Request) error {
			if r.Method == http.MethodDelete && len(s.writes) > 0 { // not that of the dry run
				return apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "n", errors.New("no more"))
			}
			return nil
		}
		_, err := s.client().Start(t.Context(), replacement(""))
		var failed *ReplacementError
		if !errors.Is(err, ErrForbidden) || errors.As(err, &failed) || s.seen() != "stop old" {
			t.Errorf("%v after %s", err, s.seen())
		}
	})
}

// The old workflow uses up a quota, so the dry run is refused. So is the create, until the quota is
// computed again.
func TestReplacementUnderAFullQuota(t *testing.T) {
	full := apierrors.NewForbidden(schema.GroupResource{Resource: "workflows"}, "n", errors.New("exceeded quota: q"))
	for _, dryRun := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			s := newReplacing(t, nil)
			rehearsal := createsOnly(true, func() error { return full })
			refused := 0
			create := createsOnly(false, func() error {
				if refused++; refused < 3 {
					return full
				}
				return nil
			})
			s.Refuse = func(r *http.Request) error { return errors.Join(rehearsal(r), create(r)) }
			began := time.Now()
			req := replacement("")
			req.DryRun = dryRun
			started, err := s.client().Start(t.Context(), req)
			switch {
			case err != nil || started.Name != "n" || started.Replaced != s.old || started.Found:
				t.Errorf("dry run %t: %+v, %v after %s", dryRun, started, err, s.seen())
			case dryRun && (s.seen() != "" || time.Since(began) > time.Second):
				t.Errorf("the dry run took %v, with %s", time.Since(began), s.seen())
			}
		})
	}
}
