package workflow

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// start returns the workflow and the claim of a request, without a server.
func start(t *testing.T, req StartRequest) (*unstructured.Unstructured, claim) {
	t.Helper()
	args, d, problems := checkRequest(t.Context(), req, "ma")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := &WorkflowClient{namespace: "ma", instanceID: "blue"}
	fields, err := c.requestFields(req, args)
	if err != nil {
		t.Fatal(err)
	}
	own := newClaim(req.Name, d.base, req.IdempotencyKey, fields)
	if d.obj == nil { // from a CronWorkflow, which only a server has
		d = newDraft("it", d.base, map[string]any{})
	}
	if _, err := c.fill(t.Context(), &submission{req: req, draft: d}); err != nil {
		t.Fatal(err)
	}
	if problems := spec.SetParameters(field.NewPath("spec"), d.spec(), args.Required); len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := own.put(d.obj); err != nil {
		t.Fatal(err)
	}
	return d.obj, own
}

func TestManifest(t *testing.T) {
	spec := map[string]any{"priority": 3, "arguments": map[string]any{"artifacts": []map[string]string{{"name": "a"}}}}
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
			"annotations": map[string]any{
				"note": "x", "argoservice.opensearch.org/start": `{"version":1,"name":"n","id":"` + mark.ID + `"}`,
			},
		},
		"spec": map[string]any{
			"workflowTemplateRef": map[string]any{"name": "bulk-load"}, "entrypoint": "e", "serviceAccountName": "sa",
			"priority": int64(3),
			"arguments": map[string]any{
				"artifacts": []any{map[string]any{"name": "a"}},
				"parameters": []any{
					map[string]any{"name": "index", "value": "logs"}, map[string]any{"name": "shards", "value": "3"},
				},
			},
		},
	}
	if !reflect.DeepEqual(wf.Object, want) {
		t.Errorf("%v\nwant %v", wf.Object, want)
	}
	if mark.ID == "" || !reflect.DeepEqual(req.Labels, map[string]string{"team": "search"}) || len(spec["arguments"].(map[string]any)) != 1 {
		t.Error("the request was changed, or has no start id")
	}

	wf, _ = start(t, StartRequest{Template: "t", ClusterScope: true})
	ref, _, _ := unstructured.NestedMap(wf.Object, "spec", "workflowTemplateRef")
	if !reflect.DeepEqual(ref, map[string]any{"name": "t", "clusterScope": true}) || wf.GetLabels()[naming.LabelClusterTemplate] != "t" {
		t.Errorf("cluster scope: %v %v", ref, wf.GetLabels())
	}
	if _, given, _ := unstructured.NestedMap(wf.Object, "spec", "arguments"); given {
		t.Error("arguments without parameters")
	}
}

func TestNames(t *testing.T) {
	for _, template := range []string{"t", strings.Repeat("x", 80), strings.Repeat("x", 52) + ".abcdef", strings.Repeat("x", 51) + "-----y", strings.Repeat("ab.", 30) + "c"} {
		random, again := newName(t, template, ""), newName(t, template, "")
		if random == again {
			t.Errorf("%s: twice the same random name", template)
		}
		if len(random) > 63 || len(validation.IsDNS1123Subdomain(random)) > 0 {
			t.Errorf("%s: invalid name %q", template, random)
		}
		if newName(t, template, "k") != newName(t, "another", "k") {
			t.Errorf("%s: the name of a key depends on the template", template)
		}
	}
	for _, key := range []string{"k", "session-42", strings.Repeat("long ", 50), "\x00", "größe"} {
		name := newName(t, "t", key)
		if len(name) > 63 || len(validation.IsDNS1123Label(name)) > 0 || strings.Contains(name, key) && len(key) > 1 {
			t.Errorf("%q: %q", key, name)
		}
	}
}

// The names of different keys differ. The cases are two keys that collided with 40 bits, and two
// that HMAC alone treats as the same.
func TestNamesOfKeysDiffer(t *testing.T) {
	for _, keys := range [][2]string{
		{"session-300066", "session-1021806"}, {"k", "k\x00"}, {"k", "K"}, {strings.Repeat("k", 64), strings.Repeat("k", 65)},
	} {
		if startname.OfKey(keys[0]) == startname.OfKey(keys[1]) {
			t.Errorf("%q: both are %s", keys, startname.OfKey(keys[0]))
		}
	}
	const least = 80 // bits; each character has 5
	if _, hash, _ := strings.Cut(startname.OfKey("k"), "-"); len(hash)*5 < least {
		t.Errorf("%s has %d bits", hash, len(hash)*5)
	}
}

func newName(t *testing.T, template, key string) string {
	wf, _ := start(t, StartRequest{Template: template, IdempotencyKey: key})
	return wf.GetName()
}

func TestClaimKnowsItsWorkflow(t *testing.T) {
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
	for range 20 { // the iteration order of maps is random
		_, again := start(t, base)
		if again.ID == mark.ID {
			t.Fatal("another call is taken for this one")
		}
		if again.ID = mark.ID; !reflect.DeepEqual(again, mark) {
			t.Fatal("the same request gives another mark")
		}
	}
	if text, _ := json.Marshal(keyed); strings.Contains(string(text), "s3cr3t") {
		t.Error("the key is in the object")
	}
	if err := mark.check(mine); !errors.Is(err, ErrAlreadyExists) {
		t.Errorf("a keyless one: %v", err)
	}
	for name, change := range map[string]func(*StartRequest){
		"parameters[b]":          func(r *StartRequest) { r.Parameters = map[string]any{"a": 1, "b": 3} },
		"parameters[c]":          func(r *StartRequest) { r.Parameters = map[string]any{"a": 1, "b": 2, "c": ""} },
		"parameters[a]":          func(r *StartRequest) { r.Parameters = map[string]any{"b": 2} },
		"optionalParameters[o]":  func(r *StartRequest) { r.OptionalParameters = map[string]any{"o": 1} },
		"entrypoint":             func(r *StartRequest) { r.Entrypoint = "e" },
		"spec":                   func(r *StartRequest) { r.Spec = nil },
		"labels":                 func(r *StartRequest) { r.Labels = map[string]string{"a": "b"} },
		"annotations":            func(r *StartRequest) { r.Annotations = map[string]string{"a": "b"} },
		"serviceAccount":         func(r *StartRequest) { r.ServiceAccount = "sa" },
		"template":               func(r *StartRequest) { r.Template = "another" },
		"clusterScope":           func(r *StartRequest) { r.ClusterScope = true },
		"cronWorkflow, template": func(r *StartRequest) { r.Template, r.CronWorkflow = "", "t" },
		"manifest, template": func(r *StartRequest) {
			r.Template, r.Manifest = "", []byte("metadata: {generateName: t-}\nspec: {}\n")
		},
	} {
		changed := base
		change(&changed)
		wf, _ := start(t, changed)
		err := mark.check(wf)
		if !errors.Is(err, ErrConflict) || !strings.Contains(err.Error(), "(it differs in "+name+")") {
			t.Errorf("another %s under the same key: %v", name, err)
		}
	}
	for name, change := range map[string]func(*StartRequest){
		"optional":         func(r *StartRequest) { r.OptionalParameters = map[string]any{} },
		"label":            func(r *StartRequest) { r.Labels = map[string]string{} },
		"annotation":       func(r *StartRequest) { r.Annotations = map[string]string{} },
		"manifest":         func(r *StartRequest) { r.Manifest = []byte{} },
		"text, not number": func(r *StartRequest) { r.Parameters = map[string]any{"a": "1", "b": "2"} },
		"Go type":          func(r *StartRequest) { r.Spec = map[string]any{"x": 1.0, "y": int64(2)} },
		"way to check":     func(r *StartRequest) { r.SkipTemplateCheck, r.AllowUnknownParameters = true, true },
		"dry run":          func(r *StartRequest) { r.DryRun = true },
		"name, the same":   func(r *StartRequest) { r.Name = startname.OfKey(r.IdempotencyKey) },
	} {
		same := base
		change(&same)
		if wf, _ := start(t, same); mark.check(wf) != nil {
			t.Errorf("another %s makes another request: %v", name, mark.check(wf))
		}
	}
	now := metav1.Now()
	keyed.SetDeletionTimestamp(&now)
	_, later := start(t, base)
	if err := later.check(keyed); !errors.Is(err, ErrAlreadyExists) {
		t.Errorf("being deleted: %v", err)
	}
}

// A copy under another name has the claim but does not match it, nor does what another version of
// the library or another writer recorded.
func TestClaimsOfOthers(t *testing.T) {
	req := StartRequest{Template: "t", Name: "n", IdempotencyKey: "k"}
	for name, tc := range map[string]struct {
		edit func(wf *unstructured.Unstructured)
		want error
	}{
		"a copy":        {func(wf *unstructured.Unstructured) { wf.SetName("n-copy") }, ErrAlreadyExists},
		"not JSON":      {marked("{"), ErrAlreadyExists},
		"another type":  {marked(`["n"]`), ErrAlreadyExists},
		"no claim":      {func(wf *unstructured.Unstructured) { wf.SetAnnotations(nil) }, ErrAlreadyExists},
		"a later form":  {marked(`{"version":2,"name":"n","key":"` + startname.KeyHash("k") + `","parts":[]}`), ErrConflict},
		"another key's": {marked(`{"version":1,"name":"n","key":"x","request":"y"}`), ErrConflict},
	} {
		wf, mark := start(t, req)
		tc.edit(wf)
		if err := mark.check(wf); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func marked(text string) func(*unstructured.Unstructured) {
	return func(wf *unstructured.Unstructured) {
		wf.SetAnnotations(map[string]string{naming.AnnotationStart: text})
	}
}

// The name of the request is used if the manifest has none.
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
	if _, _, problems := checkRequest(t.Context(), StartRequest{Manifest: []byte("spec: {}\n")}, "ma"); len(problems) != 1 {
		t.Errorf("without any name: %v", problems)
	}
	_, _, problems := checkRequest(t.Context(), StartRequest{Name: "No", Manifest: []byte("spec: {}\n")}, "ma")
	if got := strings.Join(fieldsOf(t, invalid(problems...)), " "); got != "name" {
		t.Errorf("with a bad one: %s", got)
	}
}
