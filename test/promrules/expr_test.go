package promrules

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

func parse(expr string) (parser.Expr, error) {
	return parser.NewParser(parser.Options{}).ParseExpr(expr)
}

// problems are what is wrong with an expression: that it can't be parsed, or asks for what isn't documented.
func (d documented) problems(expr string) []string {
	parsed, err := parse(expr)
	if err != nil {
		return []string{err.Error()}
	}
	var found []string
	problem := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	grouping := func(names []string) {
		for _, name := range names {
			if !d.isLabel(name) {
				problem("there is no label %s", name)
			}
		}
	}
	selectors := 0
	parser.Inspect(parsed, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.AggregateExpr:
			grouping(n.Grouping)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				grouping(n.VectorMatching.MatchingLabels)
				grouping(n.VectorMatching.Include)
			}
		case *parser.VectorSelector:
			selectors++
			found = append(found, d.selectorProblems(n.Name, n.LabelMatchers)...)
			found = append(found, d.useProblems(n.Name, path)...)
		}
		return nil
	})
	if selectors == 0 {
		problem("it asks for nothing")
	}
	return found
}

// selectorProblems are what is wrong with name{matchers}.
func (d documented) selectorProblems(series string, matchers []*labels.Matcher) (found []string) {
	problem := func(format string, args ...any) { found = append(found, series+": "+fmt.Sprintf(format, args...)) }
	name, part := d.family(series)
	m, ok := d.metrics[name]
	switch {
	case !ok:
		problem("there is no such metric")
		return found
	case m.kind == "histogram" && part == "":
		problem("of a histogram there are _bucket, _sum and _count")
	}
	for _, matcher := range matchers {
		switch {
		case matcher.Name == model.MetricNameLabel, slices.Contains(targets(), matcher.Name):
		case matcher.Name == "le" && part == "bucket":
		case !slices.Contains(m.labels, matcher.Name):
			problem("there is no label %s", matcher.Name)
		default:
			for _, value := range valuesIn(matcher) {
				if !slices.Contains(d.valuesOf(name, matcher.Name), value) {
					problem("%s is never %q", matcher.Name, value)
				}
			}
		}
	}
	return found
}

// valuesIn are the values that a matcher names; a variable of the dashboard is none.
func valuesIn(m *labels.Matcher) []string {
	if strings.HasPrefix(m.Value, "$") {
		return nil
	}
	if m.Type == labels.MatchEqual || m.Type == labels.MatchNotEqual {
		return []string{m.Value}
	}
	return strings.Split(m.Value, "|")
}

// useProblems are a counter that is shown as it is, and a gauge that is taken for a counter.
func (d documented) useProblems(series string, path []parser.Node) []string {
	name, part := d.family(series)
	rated, changed := false, false
	for _, node := range path {
		if call, ok := node.(*parser.Call); ok {
			rated = rated || regexp.MustCompile(`^(rate|irate|increase)$`).MatchString(call.Func.Name)
			changed = changed || regexp.MustCompile(`^(delta|deriv|idelta)$`).MatchString(call.Func.Name)
		}
	}
	switch counts := d.metrics[name].kind == "counter" || part != ""; {
	case counts && !rated:
		return []string{series + " only ever grows, so ask for its rate or increase"}
	case !counts && rated:
		return []string{series + " is a gauge, which has no rate"}
	case counts && changed:
		return []string{series + " starts from 0 again, so its increase is meant"}
	}
	return nil
}

func TestProblems(t *testing.T) {
	d := readDocs(t)
	for expr, want := range map[string]string{
		`sum by (verb) (rate(argoservice_operations_total{result="OK", job="a"}[5m]))`:               "",
		`histogram_quantile(0.9, sum by (le) (rate(argoservice_delivery_delay_seconds_bucket[5m])))`: "",
		`argoservice_operations_total[5m`:                                                                        "parse error",
		`rate(argoservice_operation_total[5m])`:                                                                  "no such metric",
		`rate(up[5m])`:                                                                                           "no such metric",
		`rate(argoservice_operations_total{op="get"}[5m])`:                                                       "no label op",
		`rate(argoservice_operations_total{verb="got"}[5m])`:                                                     `verb is never "got"`,
		`rate(argoservice_operations_total{result=~"OK|Permitted"}[5m])`:                                         `result is never "Permitted"`,
		`argoservice_backfill_state{state="InProgress"}`:                                                         `state is never "InProgress"`,
		`rate(argoservice_shadow_comparisons_total{result="OK"}[5m])`:                                            `result is never "OK"`,
		`sum by (workflow) (argoservice_watches_open)`:                                                           "no label workflow",
		`argoservice_watches_open / on (cluster) argoservice_watches_open`:                                       "no label cluster",
		`rate(argoservice_delivery_delay_seconds[5m])`:                                                           "_bucket",
		`argoservice_operations_total`:                                                                           "rate or increase",
		`rate(argoservice_watches_open[5m])`:                                                                     "gauge",
		`increase(argoservice_operations_total[5m]) and delta(argoservice_watches_open[5m])`:                     "",
		`rate(argoservice_operations_total[5m]) > 0 and delta(argoservice_delivery_delay_seconds_count[5m]) > 0`: "rate or increase",
		`1 + 1`: "asks for nothing",
	} {
		got := strings.Join(d.problems(expr), "; ")
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: %q instead of %q", expr, got, want)
		}
	}
}

// The questions in the documentation can be asked.
func TestQuestions(t *testing.T) {
	d := readDocs(t)
	pages, err := filepath.Glob(docs + "*.md")
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, page := range pages {
		for _, question := range regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(read(t, page), -1) {
			asked++
			for _, problem := range d.problems(question[1]) {
				t.Errorf("%s: %s: %s", page, question[1], problem)
			}
		}
	}
	if asked < 5 {
		t.Errorf("%d questions", asked)
	}
}
