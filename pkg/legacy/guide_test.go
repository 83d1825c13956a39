package legacy_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
)

// Every snippet of YAML in the guide is what it is meant to be: a role, or a rollout file. (Those of Go
// are checked by make docs.)
func TestSnippetsOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	roles, rollouts := 0, 0
	for _, block := range regexp.MustCompile("(?s)```yaml\n(.*?)```\n").FindAllStringSubmatch(string(guide), -1) {
		if strings.Contains(block[1], "kind: Role") {
			roles++
			checkRole(t, block[1])
			continue
		}
		rollouts++
		if _, err := legacy.ParseRollout([]byte(block[1])); err != nil {
			t.Error(err)
		}
	}
	if roles == 0 || rollouts == 0 {
		t.Errorf("the guide has %d roles and %d rollout files", roles, rollouts)
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
