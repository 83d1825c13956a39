package spec

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The author of a template cannot change how the rest of an error appears.
func TestHintsArePrintable(t *testing.T) {
	names := []string{"shards\x1b[2K", "a\nb", "shard\u3164", "\u115f", strings.Repeat("x", 10_000)}
	for range 1_000 {
		names = append(names, "y")
	}
	for what, text := range map[string]string{
		"values":  outsideEnum(field.NewPath("parameters").Key("p"), names).Error(),
		"choices": Choices("shards\x1b[1K", names),
	} {
		if status.Printable(text) != text || len(text) > 2_000 {
			t.Errorf("%s: %.3000q", what, text)
		}
	}
}

// Keys of an object can be any string.
func TestFieldsOfProblemsArePrintable(t *testing.T) {
	const forged = "entrypoint\x1b"
	spec := map[string]any{
		"workflowTemplateRef": map[string]any{"name": "t", "nam\x1b": "t"}, forged: "main",
		"hooks": map[string]any{forged: map[string]any{"arguments": map[string]any{"parameters": []any{map[string]any{"value": 1e300}}}}},
	}
	path := field.NewPath("spec")
	for what, problems := range map[string]field.ErrorList{
		"misspelt": Misspelt(path, spec), "reference": refProblems(path, spec), "hook": inexactParameters(path, spec),
	} {
		if len(problems) == 0 {
			t.Errorf("%s: no problem", what)
		}
		for _, p := range problems {
			if status.Printable(p.Error()) != p.Error() {
				t.Errorf("%s: %q", what, p.Error())
			}
		}
	}
}
