package workflow

import (
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// What a template's author has written can't change what the reader of an error sees.
func TestHintsArePrintable(t *testing.T) {
	names := []string{"shards\x1b[2K", "a\nb", "shard\u3164", "\u115f", strings.Repeat("x", 10_000)}
	for range 1_000 {
		names = append(names, "y")
	}
	for what, text := range map[string]string{
		"values":  outsideEnum(field.NewPath("parameters").Key("p"), names).Error(),
		"choices": choices("shards\x1b[1K", names),
	} {
		if status.Printable(text) != text || len(text) > 2_000 {
			t.Errorf("%s: %.3000q", what, text)
		}
	}
}

// Fields that only Argo's controller writes can have been written by others as well.
func TestErrorsShowPhasesThatAreNone(t *testing.T) {
	const forged = "Failed\x1b[2K\u202e\u3164"
	c := scripted(t, func(*http.Request) (any, error) {
		return map[string]any{
			"apiVersion": apiVersion, "kind": kind, "metadata": map[string]any{"name": "w", "uid": "u", "resourceVersion": "1"},
			"spec": map[string]any{"shutdown": forged}, "status": map[string]any{"phase": forged},
		}, nil
	})
	_, retried := c.Retry(t.Context(), "w", RetryOptions{})
	for what, err := range map[string]error{"Retry": retried, "Suspend": c.Suspend(t.Context(), "w", SuspendOptions{})} {
		if err == nil || status.Printable(err.Error()) != err.Error() || !strings.Contains(err.Error(), `"Failed\x1b[2K`) {
			t.Errorf("%s: %q", what, err)
		}
	}
}

// Keys of an object can be any text.
func TestFieldsOfProblemsArePrintable(t *testing.T) {
	const forged = "entrypoint\x1b"
	spec := map[string]any{
		"workflowTemplateRef": map[string]any{"name": "t", "nam\x1b": "t"}, forged: "main",
		"hooks": map[string]any{forged: map[string]any{"arguments": map[string]any{"parameters": []any{map[string]any{"value": 1e300}}}}},
	}
	path := field.NewPath("spec")
	for what, problems := range map[string]field.ErrorList{
		"misspelt": misspelt(path, spec), "reference": refProblems(path, spec), "hook": inexactParameters(path, spec),
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
