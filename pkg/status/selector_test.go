package status_test

import (
	"errors"
	"strings"
	"testing"

	selectors "k8s.io/apimachinery/pkg/fields"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Names of loop items contain characters that have a meaning in selectors.
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

// The value of a misspelt parameter may be secret, too.
func TestSelectorErrorsShowNoParameters(t *testing.T) {
	for text, shown := range map[string]string{
		"inputs.parameter.password.value=s3cr3t":               "inputs.parameter.password.value=…",
		"inputs.parameters.password=s3cr3t,phase=Running":      "inputs.parameters.password=…,phase=Running",
		"phase=Running,input.parameters.p.value!=s3,cr3t":      "phase=Running,input.parameters.p.value!=…,…",
		"inputs.parameters.password.value:s3cr3t":              "inputs.parameters.password.value…",
		"inputs.parameters.password.value=s3,cr3t,displayName": "inputs.parameters.password.value=…,…,…",
		"displayName=load(0:a,b),name=c":                       "displayName=load(0:a,b),name=c",
		"approve":                                              "approve",
	} {
		_, err := status.ParseNodeSelector(text)
		var malformed *status.NodeSelectorError
		if !errors.As(err, &malformed) || malformed.Selector != shown {
			t.Errorf("%s: %v, want %s", text, err, shown)
		}
	}
}
