package workflow

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
)

// start makes the workflow of a request, without a server.
func start(t *testing.T, req StartRequest) (*unstructured.Unstructured, marker) {
	t.Helper()
	args, d, problems := checkRequest(req, "ma")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	mark, err := newMarker(req.Name, d.base, req.IdempotencyKey, req.Entrypoint, args.required, args.optional,
		req.ServiceAccount, req.Labels, req.Spec)
	if err != nil {
		t.Fatal(err)
	}
	c := &WorkflowClient{namespace: "ma", instanceID: "blue"}
	wf, _, err := c.fill(t.Context(), d, req)
	if err != nil {
		t.Fatal(err)
	}
	if err := setParameters(wf, args.required); err != nil {
		t.Fatal(err)
	}
	mark.put(wf)
	return wf, mark
}

func TestManifest(t *testing.T) {
	spec := map[string]any{"priority": 3, "arguments": map[string]any{"artifacts": []string{"a"}}}
	req := StartRequest{
		Template: "bulk-load", Name: "n", Entrypoint: "e", ServiceAccount: "sa",
		Parameters: map[string]any{"shards": 3, "index": "logs"},
		Labels:     map[string]string{"team": "search"}, Annotations: map[string]string{"note": "x"}, Spec: spec,
	}
	wf, mark := start(t, req)
	want := map[string]any{
		"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
		"metadata": map[string]any{
			"name": "n", "generateName": "bulk-load-", "namespace": "ma",
			"labels": map[string]any{
				"team": "search", "workflows.argoproj.io/workflow-template": "bulk-load",
				"workflows.argoproj.io/controller-instanceid": "blue",
			},
			"annotations": map[string]any{"note": "x", "argoservice.opensearch.org/start-id": mark.startID},
		},
		"spec": map[string]any{
			"workflowTemplateRef": map[string]any{"name": "bulk-load"}, "entrypoint": "e", "serviceAccountName": "sa",
			"priority": int64(3),
			"arguments": map[string]any{
				"artifacts": []any{"a"},
				"parameters": []any{
					map[string]any{"name": "index", "value": "logs"}, map[string]any{"name": "shards", "value": "3"},
				},
			},
		},
	}
	if !reflect.DeepEqual(wf.Object, want) {
		t.Errorf("%v\nwant %v", wf.Object, want)
	}
	if mark.startID == "" || !reflect.DeepEqual(req.Labels, map[string]string{"team": "search"}) || len(spec["arguments"].(map[string]any)) != 1 {
		t.Error("the request was changed, or has no start id")
	}

	wf, _ = start(t, StartRequest{Template: "t", ClusterScope: true})
	ref, _, _ := unstructured.NestedMap(wf.Object, "spec", "workflowTemplateRef")
	if !reflect.DeepEqual(ref, map[string]any{"name": "t", "clusterScope": true}) || wf.GetLabels()[labelClusterTemplate] != "t" {
		t.Errorf("cluster scope: %v %v", ref, wf.GetLabels())
	}
	if _, given, _ := unstructured.NestedMap(wf.Object, "spec", "arguments"); given {
		t.Error("arguments without parameters")
	}
}

func TestNames(t *testing.T) {
	for _, template := range []string{"t", strings.Repeat("x", 80), strings.Repeat("x", 52) + ".abcdef", strings.Repeat("x", 51) + "-----y", strings.Repeat("ab.", 30) + "c"} {
		random, again := newName(t, template, ""), newName(t, template, "")
		keyed, keyedAgain := newName(t, template, "k"), newName(t, template, "k")
		if random == again {
			t.Errorf("%s: twice the same random name", template)
		}
		if keyed != keyedAgain || keyed == newName(t, template, "k2") {
			t.Errorf("%s: the name does not follow from the key", template)
		}
		for _, name := range []string{random, keyed} {
			if len(name) > 63 || len(validation.IsDNS1123Subdomain(name)) > 0 {
				t.Errorf("%s: invalid name %q", template, name)
			}
		}
	}
}

func newName(t *testing.T, template, key string) string {
	wf, _ := start(t, StartRequest{Template: template, IdempotencyKey: key})
	return wf.GetName()
}

func TestMarkerKnowsItsWorkflow(t *testing.T) {
	mine, mark := start(t, StartRequest{Template: "t", Name: "n"})
	other, _ := start(t, StartRequest{Template: "t", Name: "n"})
	bare := &unstructured.Unstructured{Object: map[string]any{}}
	if err := mark.check(mine); err != nil {
		t.Errorf("its own: %v", err)
	}
	for name, wf := range map[string]*unstructured.Unstructured{"another call's": other, "somebody's": bare} {
		if err := mark.check(wf); !errors.Is(err, ErrAlreadyExists) {
			t.Errorf("%s: %v", name, err)
		}
	}

	base := StartRequest{
		Template: "t", IdempotencyKey: "s3cr3t", Parameters: map[string]any{"a": 1, "b": 2}, Spec: map[string]any{"x": 1, "y": 2},
	}
	keyed, mark := start(t, base)
	if err := mark.check(keyed); err != nil {
		t.Errorf("its own: %v", err)
	}
	for range 20 { // the order of maps is random
		if _, again := start(t, base); again != mark {
			t.Fatal("the same request gives another mark")
		}
	}
	if strings.Contains(keyed.GetAnnotations()[annotationKey], "s3cr3t") {
		t.Error("the key is in the object")
	}
	if err := mark.check(mine); !errors.Is(err, ErrAlreadyExists) {
		t.Errorf("a keyless one: %v", err)
	}
	for name, change := range map[string]func(*StartRequest){
		"parameter":  func(r *StartRequest) { r.Parameters = map[string]any{"a": 1, "b": 3} },
		"optional":   func(r *StartRequest) { r.OptionalParameters = map[string]any{"o": 1} },
		"entrypoint": func(r *StartRequest) { r.Entrypoint = "e" },
		"spec":       func(r *StartRequest) { r.Spec = nil },
		"label":      func(r *StartRequest) { r.Labels = map[string]string{"a": "b"} },
		"account":    func(r *StartRequest) { r.ServiceAccount = "sa" },
	} {
		changed := base
		change(&changed)
		wf, _ := start(t, changed)
		if err := mark.check(wf); !errors.Is(err, ErrConflict) {
			t.Errorf("another %s under the same key: %v", name, err)
		}
	}
	for name, change := range map[string]func(*StartRequest){
		"optional": func(r *StartRequest) { r.OptionalParameters = map[string]any{} },
		"label":    func(r *StartRequest) { r.Labels = map[string]string{} },
	} {
		same := base
		change(&same)
		if wf, _ := start(t, same); mark.check(wf) != nil {
			t.Errorf("an empty %s for none is another request", name)
		}
	}
	now := metav1.Now()
	keyed.SetDeletionTimestamp(&now)
	if err := mark.check(keyed); !errors.Is(err, ErrAlreadyExists) {
		t.Errorf("being deleted: %v", err)
	}
}

// All that a request can leave out is the same whether it is nil or empty.
func TestNothingIsNothingInARequestsHash(t *testing.T) {
	mark := func(request ...any) string {
		m, err := newMarker("n", "", "k", request...)
		if err != nil {
			t.Fatal(err)
		}
		return m.requestHash
	}
	if mark("a", []byte(nil), map[string]string(nil), map[string]any(nil)) != mark("a", []byte{}, map[string]string{}, map[string]any{}) {
		t.Error("nil and empty make two requests")
	}
	if mark("a", map[string]string{"b": ""}) == mark("a", map[string]string{}) || mark("", []byte{}) == mark([]byte{}, "") {
		t.Error("two requests are taken for the same")
	}
}

// The name of the request stands in for one that a manifest lacks.
func TestNameForAManifest(t *testing.T) {
	for name, tc := range map[string]struct{ metadata, base string }{
		"none": {"", "given-"}, "null": {"metadata: ~", "given-"}, "a name": {"metadata: {name: own}", "own-"},
		"a base": {"metadata: {generateName: base-}", "base-"},
	} {
		wf, _ := start(t, StartRequest{Name: "given", Manifest: []byte(tc.metadata + "\nspec: {}\n")})
		if wf.GetName() != "given" || wf.GetGenerateName() != tc.base {
			t.Errorf("%s: %q from %q", name, wf.GetName(), wf.GetGenerateName())
		}
	}
	if _, _, problems := checkRequest(StartRequest{Manifest: []byte("spec: {}\n")}, "ma"); len(problems) != 1 {
		t.Errorf("without any name: %v", problems)
	}
	_, _, problems := checkRequest(StartRequest{Name: "No", Manifest: []byte("spec: {}\n")}, "ma")
	if got := strings.Join(fieldsOf(t, invalid(problems...)), " "); got != "name" {
		t.Errorf("with a bad one: %s", got)
	}
}
