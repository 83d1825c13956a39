package promrules

import (
	"errors"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

const (
	ruleFile = docs + "alerts/argoservice.rules.yaml"
	runbooks = "https://github.com/opensearch-project/opensearch-migrations/blob/main/argoservice/docs/metrics.md#"
)

// alerts are the rules of the file.
func alerts(t *testing.T) []rulefmt.Rule {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	groups, errs := rulefmt.ParseFile(ruleFile, false, model.LegacyValidation, parser.NewParser(parser.Options{}), logger)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var all []rulefmt.Rule
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// Each alert asks for what there is, says what it is about, and has its place in the documentation.
func TestRules(t *testing.T) {
	d := readDocs(t)
	var explained []string
	for _, heading := range regexp.MustCompile(`(?m)^### (Argoservice\w+)$`).FindAllStringSubmatch(d.text, -1) {
		explained = append(explained, heading[1])
	}
	var names []string
	for _, rule := range alerts(t) {
		names = append(names, rule.Alert)
		for _, problem := range d.problems(rule.Expr) {
			t.Errorf("%s: %s", rule.Alert, problem)
		}
		if !slices.Contains([]string{"critical", "warning", "info"}, rule.Labels["severity"]) {
			t.Errorf("%s: severity is %q", rule.Alert, rule.Labels["severity"])
		}
		for _, annotation := range []string{"summary", "description"} {
			if text := rule.Annotations[annotation]; !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %s is no sentence: %q", rule.Alert, annotation, text)
			}
		}
		if got := rule.Annotations["runbook_url"]; got != runbooks+strings.ToLower(rule.Alert) { // as GitHub makes it of a heading
			t.Errorf("%s: the runbook is %s", rule.Alert, got)
		}
	}
	if !slices.Equal(names, explained) {
		t.Errorf("the rules are\n%v\nexplained are\n%v", names, explained)
	}
}
