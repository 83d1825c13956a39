package workflow

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
)

func TestReuse(t *testing.T) {
	for name, tc := range map[string]struct {
		edit func(*unstructured.Unstructured)
		want error
	}{
		"of another client": {func(u *unstructured.Unstructured) { u.SetAnnotations(nil) }, nil},
		"of another key":    {func(*unstructured.Unstructured) {}, nil},
		"completed":         {func(u *unstructured.Unstructured) { set(u, "Failed", "status", "phase") }, nil},
		"being deleted":     {func(u *unstructured.Unstructured) { u.SetDeletionTimestamp(&metav1.Time{Time: time.Now()}) }, ErrAlreadyExists},
		"of another instance": {func(u *unstructured.Unstructured) {
			u.SetLabels(map[string]string{naming.LabelInstanceID: "other"})
		}, ErrAlreadyExists},
	} {
		for _, dryRun := range []bool{false, true} {
			for _, key := range []string{"", "l"} {
				s := &store{t: t}
				c := scripted(t, s.play)
				first, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: "n", IdempotencyKey: "k"})
				if err != nil {
					t.Fatal(err)
				}
				tc.edit(s.held[0])
				reuse := StartRequest{Template: "deleted", Name: "n", IfExists: ExistsReuse, IdempotencyKey: key, DryRun: dryRun}
				found, err := c.Start(t.Context(), reuse)
				switch {
				case tc.want != nil:
					if !errors.Is(err, tc.want) {
						t.Errorf("%s, key %q: %v", name, key, err)
					}
				case err != nil || !found.Found || found.UID != first.UID || len(s.held) != 1:
					t.Errorf("%s, key %q: %+v, %v", name, key, found, err)
				}
			}
		}
	}
}

// Another client creates the workflow between the read and the create.
func TestReuseBesideAStart(t *testing.T) {
	s := &store{t: t}
	other := scripted(t, s.play)
	c := scripted(t, func(r *http.Request) (any, error) {
		if r.Method == http.MethodPost && len(s.held) == 0 {
			if _, err := other.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: "n"}); err != nil {
				t.Error(err)
			}
		}
		return s.play(r)
	})
	found, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: "n", IfExists: ExistsReuse})
	if err != nil || !found.Found || len(s.held) != 1 {
		t.Errorf("%+v, %v", found, err)
	}
}

// A key that is in use under another name does not reuse a workflow.
func TestReuseByAKeyInUseElsewhere(t *testing.T) {
	for _, dryRun := range []bool{false, true} {
		s := &store{t: t}
		c := scripted(t, s.play)
		for name, key := range map[string]string{"n": "", "m": "k"} {
			if _, err := c.Start(t.Context(), StartRequest{Manifest: []byte(suspending), Name: name, IdempotencyKey: key}); err != nil {
				t.Fatal(err)
			}
		}
		reuse := StartRequest{Manifest: []byte(suspending), Name: "n", IfExists: ExistsReuse, IdempotencyKey: "k", DryRun: dryRun}
		if found, err := c.Start(t.Context(), reuse); !errors.Is(err, ErrIdempotencyMismatch) || !strings.Contains(err.Error(), "workflow m;") {
			t.Errorf("%+v, %v", found, err)
		}
		s.noLists = true // then it cannot be known
		if found, err := c.Start(t.Context(), reuse); err != nil || !found.Found {
			t.Errorf("%+v, %v", found, err)
		}
	}
}

// A replacement does not end what another controller runs.
func TestReplacementOfAnotherInstance(t *testing.T) {
	s := newReplacing(t, func(u *unstructured.Unstructured) { u.SetLabels(map[string]string{naming.LabelInstanceID: "other"}) })
	_, err := s.client().Start(t.Context(), replacement(""))
	if !errors.Is(err, ErrAlreadyExists) || !strings.Contains(err.Error(), `"other"`) || s.seen() != "" {
		t.Errorf("%v after %s", err, s.seen())
	}
}

// A CronWorkflow can name a controller, if the client does not. The workflow that it has started is
// the client's as well.
func TestIfExistsOfACronWorkflowsInstance(t *testing.T) {
	const nightly = `{apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, metadata: {name: nightly, uid: c, labels: {LABEL: cron}},
		spec: {workflowSpec: {entrypoint: main, templates: [{name: main, suspend: {}}]}}}`
	for _, tc := range []struct {
		client, holder string
		want           error
	}{
		{"", "cron", nil}, {"", "", nil}, {"", "other", ErrAlreadyExists},
		{"mine", "mine", nil}, {"mine", "cron", ErrAlreadyExists}, {"mine", "", ErrAlreadyExists},
	} {
		for _, policy := range []ExistsPolicy{ExistsReuse, ExistsReplace} {
			synctest.Test(t, func(t *testing.T) {
				s := newReplacing(t, func(u *unstructured.Unstructured) {
					if tc.holder != "" {
						u.SetLabels(map[string]string{naming.LabelInstanceID: tc.holder})
					}
				})
				c := s.client()
				c.instanceID, c.crons = tc.client, answering(fromYAML(t, strings.Replace(nightly, "LABEL", naming.LabelInstanceID, 1)))
				started, err := c.Start(t.Context(), StartRequest{CronWorkflow: "nightly", Name: "n", IfExists: policy})
				switch {
				case tc.want != nil:
					if !errors.Is(err, tc.want) || s.seen() != "" {
						t.Errorf("%+v, %s: %v after %s", tc, policy, err, s.seen())
					}
				case err != nil || started.Found != (policy == ExistsReuse) || started.Found == (started.Replaced == s.old):
					t.Errorf("%+v, %s: %+v, %v", tc, policy, started, err)
				case policy == ExistsReplace && started.Labels[naming.LabelInstanceID] != cmp.Or(tc.client, "cron"):
					t.Errorf("%+v: %v", tc, started.Labels)
				}
			})
		}
	}
	// Whether the workflow of another controller is meant cannot be known without the CronWorkflow.
	for _, policy := range []ExistsPolicy{ExistsReuse, ExistsReplace} {
		s := newReplacing(t, func(u *unstructured.Unstructured) { u.SetLabels(map[string]string{naming.LabelInstanceID: "cron"}) })
		_, err := s.client().Start(t.Context(), StartRequest{CronWorkflow: "nightly", Name: "n", IfExists: policy})
		if !errors.Is(err, ErrTemplateNotFound) || s.seen() != "" {
			t.Errorf("%s: %v after %s", policy, err, s.seen())
		}
	}
}

func TestIfExistsNeedsAName(t *testing.T) {
	named := []byte(strings.Replace(suspending, "generateName: own-", "name: m", 1))
	for name, tc := range map[string]struct {
		req   StartRequest
		valid bool
	}{
		"a key alone":         {StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k", IfExists: ExistsReuse}, false},
		"a generated name":    {StartRequest{Manifest: []byte(suspending), IfExists: ExistsReplace}, false},
		"no such policy":      {StartRequest{Manifest: []byte(suspending), Name: "n", IfExists: "sometimes"}, false},
		"a name":              {StartRequest{Manifest: []byte(suspending), Name: "n", IfExists: ExistsReuse}, true},
		"a manifest's name":   {StartRequest{Manifest: named, IfExists: ExistsReuse}, true},
		"the default":         {StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k", IfExists: ExistsFail}, true},
		"a cron workflow, no": {StartRequest{CronWorkflow: "c", IfExists: ExistsReplace}, false},
	} {
		s := &store{t: t}
		_, err := scripted(t, s.play).Start(t.Context(), tc.req)
		var listed *InvalidError
		switch {
		case tc.valid && err != nil:
			t.Errorf("%s: %v", name, err)
		case !tc.valid && (!errors.As(err, &listed) || listed.Problems[0].Field != "ifExists" || len(s.held) > 0):
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The result and the observer tell a workflow that was found from one that was created, also by an
// attempt whose response was lost.
func TestFoundIsNotCreated(t *testing.T) {
	s := &store{t: t}
	seen := &recorder{}
	lost := false
	c := scriptedWith(t, Options{Observer: seen}, func(r *http.Request) (any, error) {
		answer, err := s.play(r)
		if r.Method == http.MethodPost && err == nil && !lost {
			lost = true
			return nil, io.ErrUnexpectedEOF
		}
		return answer, err
	})
	req := StartRequest{Manifest: []byte(suspending), IdempotencyKey: "k"}
	for i, want := range []bool{false, true} {
		started, err := c.Start(t.Context(), req)
		if err != nil || started.Found != want || seen.ended[i].Found != want || seen.ended[i].Outcome == "" {
			t.Errorf("call %d: %+v, %v, observed %+v", i, started, err, seen.ended[i])
		}
	}
}

// A later version has started this key's workflow, perhaps for the same request.
func TestNoReplacementOfARequestThatCannotBeRead(t *testing.T) {
	s := newReplacing(t, func(u *unstructured.Unstructured) {
		u.SetAnnotations(map[string]string{
			naming.AnnotationStart: fmt.Sprintf(`{"version":2,"name":"n","key":%q}`, startname.KeyHash("k")),
		})
	})
	_, err := s.client().Start(t.Context(), replacement("k"))
	if !errors.Is(err, ErrConflict) || errors.Is(err, ErrIdempotencyMismatch) || s.seen() != "" {
		t.Errorf("%v after %s", err, s.seen())
	}
}
