package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const root = "../.."

func TestFilesAreUpToDate(t *testing.T) {
	files, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join(root, f.name))
		if err != nil || string(text) != f.text {
			t.Errorf("%s is out of date (%v): go run ./hack/rbac", f.name, err)
		}
	}
	there, err := filepath.Glob("*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range there {
		if !slices.ContainsFunc(files, func(f file) bool { return f.name == "hack/rbac/"+name }) {
			t.Errorf("nothing writes %s", name)
		}
	}
}

// What a role allows is what its operations need: nothing is left out, and nothing is added.
func TestManifestsAllowWhatIsNeeded(t *testing.T) {
	for _, r := range roles() {
		t.Run(r.file, func(t *testing.T) {
			var needed []string
			for _, s := range r.sources {
				for _, of := range s.ops {
					for _, n := range of.Requirements {
						if n.ClusterScoped() == r.cluster {
							needed = append(needed, n.String())
						}
					}
				}
			}
			slices.Sort(needed)
			allowed := permissions(t, r)
			if !slices.Equal(allowed, slices.Compact(needed)) {
				t.Errorf("it allows\n%v\nneeded is\n%v", allowed, needed)
			}
		})
	}
}

// permissions are those of all rules of a role's manifest.
func permissions(t *testing.T, r role) []string {
	t.Helper()
	namespace := ""
	if r.kustomized {
		namespace = "ma"
	}
	var all []string
	for document := range strings.SplitSeq(manifest(r), "\n---\n") {
		var o struct {
			Metadata struct{ Namespace string }
			Rules    []struct{ APIGroups, Resources, ResourceNames, Verbs []string }
		}
		if err := yaml.Unmarshal([]byte(document), &o); err != nil {
			t.Fatal(err)
		}
		if o.Metadata.Namespace != namespace {
			t.Errorf("it is for namespace %q", o.Metadata.Namespace)
		}
		for _, r := range o.Rules {
			for _, resource := range r.Resources {
				name, subresource, _ := strings.Cut(resource, "/")
				for _, v := range r.Verbs {
					p := workflow.Permission{Verb: v, Group: r.APIGroups[0], Resource: name, Subresource: subresource}
					for _, p.Name = range append(r.ResourceNames, "")[:max(1, len(r.ResourceNames))] {
						all = append(all, p.String())
					}
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

func TestVerbsHaveAnOrder(t *testing.T) {
	for _, r := range roles() {
		for _, n := range r.needs() {
			if !slices.Contains(verbOrder(), n.Verb) {
				t.Errorf("%s: %s", r.file, n.Verb)
			}
		}
	}
}

func TestComments(t *testing.T) {
	var uses []need
	add := func(source string, op workflow.Op, parts ...string) {
		for _, part := range parts {
			name, optional := strings.CutSuffix(part, "*")
			n := workflow.Requirement{Permission: workflow.Permission{Verb: "get"}, Part: name, Optional: optional}
			uses = append(uses, need{n, source, op})
		}
	}
	add("", "a", "")
	add("", workflow.OpStart, "a name that is taken", "naming the templates there are*")
	add("", "b", "x", "")
	add("", "c", "a name that is taken", "naming the templates there are*")
	add("k8s", "a", "x")
	got := comments(uses)
	want := []string{"get: a, b; start, c (a name that is taken, naming the templates there are*)", "get, provider k8s: a (x)"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	lines := wrapped(strings.Repeat("word ", 40))
	if len(lines) != 2 || len(lines[0]) > 110 || lines[1][:6] != "  word" || strings.Count(strings.Join(lines, " "), "word") != 40 {
		t.Errorf("%q", lines)
	}
}
