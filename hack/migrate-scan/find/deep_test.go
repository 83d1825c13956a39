package find_test

import (
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/find"
)

// Files that nobody writes cost neither the stack nor the day.
func TestDeepNesting(t *testing.T) {
	const deep = 20_000
	blocks := ""
	for i := range 300 {
		blocks += strings.Repeat(" ", i) + "if a:\n"
	}
	for name, text := range map[string]string{
		"brackets": strings.Repeat("(", deep), "lists": "a = " + strings.Repeat("[", deep) + strings.Repeat("]", deep),
		"not": strings.Repeat("not ", deep) + "a", "minus": strings.Repeat("-", deep) + "a", "attributes": "a" + strings.Repeat(".a", deep),
		"calls": "a" + strings.Repeat("()", deep), "lambda": strings.Repeat("lambda: ", deep) + "a", "sum": "a" + strings.Repeat(" + a", deep),
		"f-strings": strings.Repeat("f'{", 2000), "else": strings.Repeat("a if b else ", deep) + "c", "power": "a" + strings.Repeat(" ** a", deep),
		"blocks": blocks + strings.Repeat(" ", 300) + "a", "await": strings.Repeat("await ", deep) + "a", "walrus": strings.Repeat("(a := ", 5000),
		"subscripts": strings.Repeat("a[", deep),
	} {
		began := time.Now()
		_, _ = find.Python(text, "/src/a.py")
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s: %v", name, took)
		}
	}
	_, _ = find.Shell(strings.Repeat("$(", deep))
	_, _ = find.Go("package a\nvar x = " + strings.Repeat("(", deep))
}
