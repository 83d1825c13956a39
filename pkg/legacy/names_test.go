package legacy

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// nameOf returns the name that the client gives to the workflow.
func TestRouterKnowsTheName(t *testing.T) {
	manifest := []byte("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: given}\nspec: {entrypoint: main, templates: [{name: main, suspend: {}}]}")
	inNamespace := bytes.Replace(manifest, []byte("name: given"), []byte("name: given, namespace: ma"), 1)
	for _, req := range []workflow.StartRequest{
		{Template: "reindex", Name: "mine"},
		{Template: "reindex", IdempotencyKey: "k"},
		{Template: strings.Repeat("long-", 20) + "x", IdempotencyKey: "k"},
		{Manifest: manifest},
		{Manifest: manifest, Name: "mine"},
		{Manifest: manifest, IdempotencyKey: "k"},
		{Manifest: inNamespace},
		{Manifest: inNamespace, IdempotencyKey: "k"},
	} {
		req.SkipTemplateCheck = true
		name, _ := nameOf(req)
		if started := startedName(t, req); name != started || name == "" {
			t.Errorf("%+v: %q, not %q", req, name, started)
		}
	}
	if name, base := nameOf(workflow.StartRequest{Template: "reindex"}); name != "" || base != "reindex" {
		t.Errorf("%q, %q", name, base)
	}
	if name, _ := nameOf(workflow.StartRequest{CronWorkflow: "nightly", IdempotencyKey: "k"}); name != startname.OfKey("k") {
		t.Error(name)
	}
	generated := bytes.Replace(manifest, []byte("name: given"), []byte("generateName: load-"), 1)
	if name, base := nameOf(workflow.StartRequest{Manifest: generated}); name != "" || base != "load" {
		t.Errorf("%q, %q", name, base)
	}
}

// startedName returns the name of the workflow that the native client creates.
func startedName(t *testing.T, req workflow.StartRequest) (name string) {
	t.Helper()
	play := func(r *http.Request) (*http.Response, error) {
		var object struct {
			Metadata struct{ Name string }
		}
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/workflows") {
			none := `{"apiVersion":"argoproj.io/v1alpha1","kind":"WorkflowList","metadata":{},"items":[]}`
			return answer(r, http.StatusOK, io.NopCloser(strings.NewReader(none))), nil
		}
		if r.Method != http.MethodPost {
			return refused(r, Command{Args: []string{"get"}}, CommandOutput{Stderr: `Error from server (NotFound): not found`, ReturnCode: 1})
		}
		if err := json.NewDecoder(r.Body).Decode(&object); err != nil {
			return nil, err
		}
		name = object.Metadata.Name
		return refused(r, Command{Args: []string{"create"}}, CommandOutput{Stderr: `Error from server (Forbidden): no`, ReturnCode: 1})
	}
	c, err := workflow.NewForConfig(&rest.Config{Host: "http://script", Transport: roundTripper(play)}, workflow.Options{RetryFor: -1})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Start(t.Context(), req)
	return name
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// What no name can be made of is passed on without one, so that the backend refuses it.
func TestRouterMakesNoInvalidName(t *testing.T) {
	for _, bad := range []string{"", "Bad", "-x7f2k", "a b"} {
		native, kubectl := &recorder{}, &recorder{}
		r := router(t, native, kubectl, RouterOptions{})
		var names []string
		r.opts.OnRoute = func(route Route) { names = append(names, route.Name) }
		_, _ = r.Start(t.Context(), workflow.StartRequest{Template: bad})
		_, _ = r.Start(t.Context(), workflow.StartRequest{Manifest: []byte("metadata: {generateName: '" + bad + "'}")})
		_, _ = r.Resubmit(t.Context(), bad, workflow.ResubmitOptions{})
		if len(names) != 3 || strings.Join(names, "") != "" {
			t.Errorf("%q: %q", bad, names)
		}
	}
}
