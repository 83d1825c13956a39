package status_test

import (
	"strings"
	"testing"

	selectors "k8s.io/apimachinery/pkg/fields"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The names of a loop's items have what a selector has a meaning for.
func TestSelectorsOfNamesThatNeedEscapes(t *testing.T) {
	for _, name := range []string{"load(0:a,b)", "load(0:k:a=b)", `back\slash`, "two words", " in front", `all \,= of it`} {
		selector, err := status.ParseNodeSelector("displayName=" + selectors.EscapeValue(name) + ",phase=Running")
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if !selector.Matches(&status.Node{DisplayName: name, Phase: status.NodeRunning}) {
			t.Errorf("%q is not matched by %s", name, selector)
		}
		again, err := status.ParseNodeSelector(selector.String())
		if err != nil || again.String() != selector.String() {
			t.Errorf("%q: its text is read as %s, %v", name, again, err)
		}
	}
	for _, text := range []string{"displayName=load(0:a,b)", "displayName=load(0:a,b=c)", "displayName = approve", "displayName=a=b"} {
		if _, err := status.ParseNodeSelector(text); err == nil || !strings.Contains(err.Error(), `write \, \= and \\`) {
			t.Errorf("%s: %v", text, err)
		}
	}
}
