package legacy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
)

// Every Go snippet of the guides is the text of an example, so it compiles; every snippet of
// YAML is what it is meant to be.
func TestSnippetsOfTheGuides(t *testing.T) {
	examples := unindented(read(t, "example_test.go"))
	for _, guide := range []string{"migration.md", "kubectl.md"} {
		count := 0
		for _, block := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```\n").FindAllStringSubmatch(read(t, "../../docs/"+guide), -1) {
			count++
			language, snippet := block[1], block[2]
			switch {
			case language == "go" && !strings.Contains(examples, unindented(snippet)):
				t.Errorf("%s: this is not the text of an example:\n%s", guide, snippet)
			case language == "yaml" && strings.Contains(snippet, "kind: Role"):
				checkRole(t, snippet)
			case language == "yaml":
				if _, err := legacy.ParseRollout([]byte(snippet)); err != nil {
					t.Errorf("%s: %v", guide, err)
				}
			}
		}
		if count == 0 {
			t.Errorf("%s has no snippet", guide)
		}
	}
}

// The role of the guide has what docs/errors.md asks for.
func checkRole(t *testing.T, text string) {
	t.Helper()
	var role struct {
		Rules []struct{ APIGroups, Resources, Verbs []string }
	}
	if err := yaml.Unmarshal([]byte(text), &role); err != nil {
		t.Fatal(err)
	}
	granted := map[string]string{}
	for _, rule := range role.Rules {
		for _, resource := range rule.Resources {
			granted[resource] = strings.Join(rule.Verbs, " ")
		}
	}
	for resource, verbs := range map[string]string{
		"workflows": "get list watch create update patch delete", "workflowtemplates": "get list",
		"pods": "list watch delete", "pods/log": "get",
	} {
		for verb := range strings.FieldsSeq(verbs) {
			if !strings.Contains(" "+granted[resource]+" ", " "+verb+" ") {
				t.Errorf("the role lacks %s on %s", verb, resource)
			}
		}
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
