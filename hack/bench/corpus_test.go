package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v3/util/file"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Every workflow in Argo's module, its examples, its test data and what stands in its tests,
// has to be read as Argo reads it, its nodes also when Argo has compressed them.
func TestArgosOwnWorkflows(t *testing.T) {
	workflows, nodes := 0, 0
	for _, u := range argosWorkflows(t) {
		argo := &wfv1.Workflow{}
		text, err := u.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, argo); err != nil {
			expectStatus(t, u) // what Argo cannot read must not stop us
			continue
		}
		workflows++
		nodes += len(argo.Status.Nodes)
		expectNodes(t, u, argo)
		if len(argo.Status.Nodes) == 0 {
			continue
		}
		packed, err := json.Marshal(argo.Status.Nodes)
		if err != nil {
			t.Fatal(err)
		}
		unstructured.RemoveNestedField(u.Object, "status", "nodes")
		if err := unstructured.SetNestedField(u.Object, file.CompressEncodeString(string(packed)), "status", "compressedNodes"); err != nil {
			t.Fatal(err)
		}
		expectNodes(t, u, argo)
	}
	t.Logf("%d workflows with %d nodes", workflows, nodes)
	if workflows < 500 || nodes < 300 {
		t.Error("that is too little to say anything")
	}
}

func expectStatus(t *testing.T, u *unstructured.Unstructured) *status.WorkflowStatus {
	t.Helper()
	s, err := status.FromUnstructured(u)
	if err != nil || s.NodesErr != nil {
		t.Fatalf("%s: %v, %v", u.GetName(), err, s.NodesErr)
	}
	return s
}

func expectNodes(t *testing.T, u *unstructured.Unstructured, argo *wfv1.Workflow) {
	t.Helper()
	s := expectStatus(t, u)
	if s.Name != argo.Name || string(s.Phase) != string(argo.Status.Phase) || s.Message != argo.Status.Message ||
		!s.StartTime.Equal(argo.Status.StartedAt.Time) || !s.EndTime.Equal(argo.Status.FinishedAt.Time) {
		t.Errorf("%s: %+v\nwant\n%+v", u.GetName(), s, argo.Status)
	}
	if s.Completed() != argo.Status.Fulfilled() {
		t.Errorf("%s in phase %s: completed %v", u.GetName(), s.Phase, s.Completed())
	}
	if len(s.Nodes) != len(argo.Status.Nodes) {
		t.Fatalf("%s: %d nodes, want %d; dropped %v", u.GetName(), len(s.Nodes), len(argo.Status.Nodes), s.Dropped)
	}
	for _, n := range s.Nodes {
		if got, want := ofOurs(n), ofArgo(argo.Status.Nodes[n.ID]); !reflect.DeepEqual(got, want) {
			t.Errorf("%s, node %s:\n%+v\nwant\n%+v", u.GetName(), n.ID, got, want)
		}
	}
}

// argosWorkflows finds the workflows in Argo's module.
func argosWorkflows(t *testing.T) []*unstructured.Unstructured {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-workflows/v3").Output()
	if err != nil {
		t.Fatal(err)
	}
	var found []*unstructured.Unstructured
	err = filepath.WalkDir(strings.TrimSpace(string(dir)), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch ext := filepath.Ext(path); {
		case ext == ".yaml" || ext == ".json":
			text, err := os.ReadFile(path)
			found = append(found, workflowsIn(string(text))...)
			return err
		case strings.HasSuffix(path, "_test.go"):
			return eachLiteral(path, func(text string) { found = append(found, workflowsIn(text)...) })
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// eachLiteral calls each for the strings that stand in a Go file.
func eachLiteral(path string, each func(text string)) error {
	parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			if text, err := strconv.Unquote(literal.Value); err == nil {
				each(text)
			}
		}
		return true
	})
	return nil
}

// workflowsIn reads the workflows among the YAML documents in text; what is none is left out.
func workflowsIn(text string) (found []*unstructured.Unstructured) {
	if !strings.Contains(text, "Workflow") {
		return nil
	}
	for _, document := range regexp.MustCompile(`(?m)^---\s*$`).Split(text, -1) {
		data, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			continue
		}
		u := &unstructured.Unstructured{}
		if err := u.UnmarshalJSON(data); err == nil && u.GetKind() == "Workflow" {
			found = append(found, u)
		}
	}
	return found
}
