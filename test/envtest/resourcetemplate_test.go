package envtest

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

func TestTemplateOf(t *testing.T) {
	with := func(value string) []corev1.Container {
		return []corev1.Container{{Env: []corev1.EnvVar{{Name: "OTHER", Value: "x"}, {Name: "ARGO_TEMPLATE", Value: value}}}}
	}
	for _, next := range []struct {
		spec corev1.PodSpec
		want string
	}{
		{corev1.PodSpec{}, ""},
		{corev1.PodSpec{InitContainers: with("{}")}, "{}"},
		{corev1.PodSpec{Containers: with("{}")}, "{}"},
		{corev1.PodSpec{InitContainers: with("offloaded"), Containers: with("")}, "offloaded"},
	} {
		if got := templateOf(&corev1.Pod{Spec: next.spec}); got != next.want {
			t.Errorf("got %q, want %q", got, next.want)
		}
	}
}

func TestTemplateRefused(t *testing.T) {
	output := func(from map[string]any) podTemplate {
		p := podTemplate{Resource: &resourceSpec{Action: "get", Manifest: "x"}}
		p.Outputs.Parameters = []map[string]any{{"name": "n", "valueFrom": from}}
		return p
	}
	deleted := output(nil)
	deleted.Resource = &resourceSpec{Action: "delete", Manifest: "x"}
	for _, next := range []struct {
		template podTemplate
		want     string // "" if it is valid
	}{
		{podTemplate{Resource: &resourceSpec{Action: "create", Manifest: "x"}}, ""},
		{podTemplate{Resource: &resourceSpec{Action: "get", Flags: []string{"cm", "a"}}}, ""},
		{output(map[string]any{"jsonPath": "{.a}"}), ""},
		{podTemplate{Resource: &resourceSpec{Action: "replace", Manifest: "x"}}, `action "replace" `},
		{podTemplate{Resource: &resourceSpec{Action: "get"}}, "Must provide at least one of flags or manifest."},
		{podTemplate{Resource: &resourceSpec{Action: "create", ManifestFrom: []byte("{}")}}, "the stand-in for the executor has no artifacts"},
		{output(map[string]any{"jqFilter": ".a"}), "output parameter n: the stand-in for the executor has no jq"},
		{deleted, "successCondition, failureCondition and outputs are not supported for delete action"},
		{podTemplate{Resource: &resourceSpec{Action: "delete", Manifest: "x", SuccessCondition: "a"}}, "successCondition, failureCondition and outputs "},
	} {
		expectPrefix(t, checkTemplate(&next.template), next.want)
	}
}

func TestManifestObjects(t *testing.T) {
	const one, two = "kind: A\napiVersion: v1\nmetadata: {name: a}\n", "---\n# nothing\n---\nkind: B\napiVersion: v1\n"
	for _, next := range []struct {
		spec  resourceSpec
		kinds []string
		err   string
	}{
		{resourceSpec{Action: "create", Manifest: one}, []string{"A"}, ""},
		{resourceSpec{Action: "create", Manifest: one + two}, []string{"A", "B"}, ""},
		{resourceSpec{Action: "get"}, nil, ""},
		{resourceSpec{Action: "create", Manifest: "a: b"}, nil, "the manifest can't be read: "},
		{resourceSpec{Action: "create", Manifest: "{"}, nil, "the manifest can't be read: "},
		{resourceSpec{Action: "patch", Manifest: one}, []string{"A"}, ""},
		{resourceSpec{Action: "patch", Manifest: "data: {a: b}"}, nil, ""},
		{resourceSpec{Action: "patch", Manifest: "[{op: remove, path: /data}]", MergeStrategy: "json"}, nil, ""},
		{resourceSpec{Action: "patch", Manifest: one, MergeStrategy: "jsn"}, nil, `mergeStrategy "jsn" is none of strategic, merge, json`},
		{resourceSpec{Action: "patch", Manifest: "[a]"}, nil, "the manifest can't be read: "},
		{resourceSpec{Action: "patch", Manifest: "{"}, nil, "the manifest is not YAML: "},
	} {
		objects, err := manifestObjects(&next.spec)
		expectPrefix(t, err, next.err)
		var kinds []string
		for _, o := range objects {
			kinds = append(kinds, o.GetKind())
		}
		if !slices.Equal(kinds, next.kinds) {
			t.Errorf("%+v: got %q, want %q", next.spec, kinds, next.kinds)
		}
	}
}

func TestPatchOf(t *testing.T) {
	for strategy, want := range map[string]types.PatchType{
		"": types.StrategicMergePatchType, "strategic": types.StrategicMergePatchType,
		"merge": types.MergePatchType, "json": types.JSONPatchType,
	} {
		kind, patch, err := patchOf(&resourceSpec{MergeStrategy: strategy, Manifest: "a: {b: c}"})
		if err != nil || kind != want || string(patch) != `{"a":{"b":"c"}}` {
			t.Errorf("%q: got %s %s, %v", strategy, kind, patch, err)
		}
	}
}

func TestFlags(t *testing.T) {
	const background = metav1.DeletePropagationBackground
	plain := resourceFlags{wait: true, cascade: background}
	ignoring := resourceFlags{wait: true, cascade: background, ignoreNotFound: true}
	named := resourceFlags{wait: true, cascade: background, target: []string{"configmap", "a"}}
	for _, next := range []struct {
		action string
		flags  []string
		want   resourceFlags
		err    string
	}{
		{action: "get", want: plain},
		{action: "delete", want: ignoring},
		{action: "delete", flags: []string{"--ignore-not-found=false"}, want: plain},
		{action: "get", flags: []string{"--ignore-not-found"}, want: ignoring},
		{
			action: "delete", flags: []string{"--wait=false", "--cascade=foreground"},
			want: resourceFlags{ignoreNotFound: true, cascade: metav1.DeletePropagationForeground},
		},
		{action: "get", flags: []string{"configmap", "a"}, want: named},
		{action: "get", flags: []string{"configmap/a"}, want: named},
		{action: "get", flags: []string{"configmap"}, err: `flags name the object "configmap"; `},
		{action: "get", flags: []string{"-l", "a=b"}, err: "flag -l of action get is not one "},
		{action: "create", flags: []string{"--ignore-not-found"}, err: "flag --ignore-not-found of action create is not one "},
		{action: "delete", flags: []string{"--wait=perhaps"}, err: "flag --wait: "},
		{action: "delete", flags: []string{"--cascade=no"}, err: `flag --cascade: "no" is none of background, foreground, orphan`},
	} {
		got, err := parseFlags(next.action, next.flags)
		expectPrefix(t, err, next.err)
		if next.err == "" && !reflect.DeepEqual(got, next.want) {
			t.Errorf("%s %q: got %+v, want %+v", next.action, next.flags, got, next.want)
		}
	}
}

// expectPrefix fails the test unless the error starts with the prefix. If that is "", it fails the
// test unless err is nil.
func expectPrefix(t *testing.T, err error, want string) {
	t.Helper()
	if got := fmt.Sprint(err); !strings.HasPrefix(got, cmp.Or(want, "<nil>")) {
		t.Errorf("got error %s, want %q", got, want)
	}
}
