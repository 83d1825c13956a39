package backfill

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// A parameter that cannot be written is refused, and a configuration that has one can be printed.
func TestParametersThatCannotBeWritten(t *testing.T) {
	loop := map[string]any{"password": "s3cr3t"}
	loop["loop"] = loop
	for name, value := range map[string]any{"a loop": loop, "a method that panics": struct{ *time.Time }{},
		"a loop beside what has no JSON": map[string]any{"a": func() {}, "loop": []any{loop}},
	} {
		cfg := config(t, "", "")
		cfg.Backfill.Argo.Parameters = map[string]any{"p": value}
		cfg.Backfill.Argo.PlaintextCredentials = true
		_, err := New(cfg, Dependencies{Workflows: &recorder{}})
		var refused *workflow.InvalidError
		if !errors.As(err, &refused) || refused.Problems[0].Field != "backfill.reindex_from_snapshot.argo.parameters.p" {
			t.Errorf("%s: %v", name, err)
		}
		if text := fmt.Sprintf("%v %+v", cfg, err); strings.Contains(text, "s3cr3t") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

func TestParseConfigRefusesNumbersThatItCannotKeep(t *testing.T) {
	text := file("backfill", "{reindex_from_snapshot: {argo: {workflow_template_name: bulk-load, parameters: {a: 9007199254740993, b: 18446744073709551617, c: [1e300]}}}}")
	_, err := ParseConfig([]byte(text))
	var refused *workflow.InvalidError
	if !errors.As(err, &refused) || len(refused.Problems) != 2 || strings.Contains(err.Error(), "1844") {
		t.Errorf("%v", err)
	}
}
