package workflow

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// What a template's author has written can't change what the reader of an error sees.
func TestHintsArePrintable(t *testing.T) {
	names := []string{"shards\x1b[2K", "a\nb", strings.Repeat("x", 10_000)}
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
