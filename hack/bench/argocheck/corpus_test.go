package argocheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// sample is a Workflow that Argo's module carries: an example, a file of test data, or a
// text in one of its tests.
type sample struct {
	from string
	obj  *unstructured.Unstructured
}

// corpus reads every Workflow in the module of a release of Argo, where the module cache has it.
func corpus(t *testing.T, module string) []sample {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	files := os.DirFS(strings.TrimSpace(string(out)))
	var samples []sample
	err = fs.WalkDir(files, ".", func(from string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := fs.ReadFile(files, from)
		if err != nil {
			return err
		}
		switch path.Ext(from) {
		case ".yaml", ".yml", ".json":
			samples = append(samples, workflowsIn(from, string(data))...)
		case ".go":
			file, err := parser.ParseFile(token.NewFileSet(), from, data, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				if text, err := strconv.Unquote(literal.Value); err == nil {
					samples = append(samples, workflowsIn(from, text)...)
				}
				return true
			})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return samples
}

func workflowsIn(from, text string) (samples []sample) {
	if !strings.Contains(text, "Workflow") {
		return nil
	}
	for _, doc := range strings.Split(text, "\n---") {
		data, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			continue // no YAML, or meant to be wrong
		}
		obj := &unstructured.Unstructured{}
		if err := obj.UnmarshalJSON(data); err != nil || obj.GetKind() != "Workflow" {
			continue
		}
		samples = append(samples, sample{from: from + ": " + obj.GetName() + obj.GetGenerateName(), obj: obj})
	}
	return samples
}
