package legacy_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
)

// Each YAML snippet of the guide is a rollout file. (make docs checks the Go snippets.)
func TestSnippetsOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```\n").FindAllStringSubmatch(string(guide), -1)
	for _, block := range blocks {
		if _, err := legacy.ParseRollout([]byte(block[1])); err != nil {
			t.Error(err)
		}
	}
	if len(blocks) == 0 {
		t.Error("the guide has no rollout file")
	}
}
