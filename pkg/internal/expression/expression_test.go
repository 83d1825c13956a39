package expression_test

import (
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
)

func TestIn(t *testing.T) {
	for text, want := range map[string]bool{
		"": false, "{": false, "{ {": false, "}}": false, `{"a":{"b":{}}}`: false, `\u007b`: false, `\u007c{`: false,
		"{{workflow.name}}": true, "{{=1+1}}": true, "a{{": true, "{{{": true,
		`["{\u007bb}}"]`: true, `["\u007B{b}}"]`: true, `["\u007b\u007B"]`: true,
		`["[\"\\u007b\\u007bb}}\"]"]`: true, `\u005cu007b{`: true, `\u005cu005cu007b\u005cu005cu007b`: true, `\\u00\u0037b{`: true,
		`\u00e9\u005c\u007b`: false, `\u{u`: false, `\u00`: false, `\\{\\`: false,
	} {
		if got := expression.In(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
