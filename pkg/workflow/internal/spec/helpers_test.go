package spec

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/manifest"
)

func fromYAML(t testing.TB, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}

func asYAML(t testing.TB, value any) string {
	t.Helper()
	text, err := yaml.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fieldsOf joins the fields of problems.
func fieldsOf(problems field.ErrorList) string {
	fields := make([]string, len(problems))
	for i, p := range problems {
		fields[i] = p.Field
	}
	return strings.Join(fields, " ")
}

// textOf joins problems as an error does.
func textOf(problems field.ErrorList) string {
	texts := make([]string, len(problems))
	for i, p := range problems {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "; ")
}

// manifestProblems parses and checks a manifest.
func manifestProblems(text string) field.ErrorList {
	path := field.NewPath("manifest")
	obj, err := manifest.Parse([]byte(text))
	if err != nil {
		return field.ErrorList{Hidden(path, err.Error())}
	}
	return ManifestProblems(path, obj, "", "ma")
}
