package promrules

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const docs = "../../docs/"

// documented is what docs/metrics.md says there is. Tests of adapters/prometheus hold it to that.
type documented struct {
	text    string
	metrics map[string]metric
	values  map[string][]string // of a label, or of a metric's label as metric{label}
}

type metric struct {
	kind   string
	labels []string
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readDocs(t *testing.T) documented {
	t.Helper()
	d := documented{text: read(t, docs+"metrics.md"), metrics: map[string]metric{}, values: map[string][]string{}}
	for line := range strings.Lines(d.text) {
		cells := strings.Split(line, "|")
		switch {
		case len(cells) == 7 && strings.HasPrefix(cells[1], " `argoservice_"):
			d.metrics[quoted(cells[1])[0]] = metric{kind: strings.TrimSpace(cells[2]), labels: quoted(cells[3])}
		case len(cells) == 5 && strings.HasPrefix(cells[1], " `"):
			label := quoted(cells[1])[0]
			if of := quoted(cells[2]); len(of) == 1 {
				label = of[0] + "{" + label + "}"
			}
			d.values[label] = quoted(cells[3])
		}
	}
	d.values["result"] = append(d.values["result"], d.values["reason"]...)
	if len(d.metrics) < 20 || len(d.values) < 10 {
		t.Fatalf("docs/metrics.md has only %v and %v", d.metrics, d.values)
	}
	return d
}

// valuesOf are the values that a metric's label can have.
func (d documented) valuesOf(metric, label string) []string {
	if own, ok := d.values[metric+"{"+label+"}"]; ok {
		return own
	}
	return d.values[label]
}

// family is the metric that a series is of, and what it is of it: "", or bucket, sum or count.
func (d documented) family(series string) (name, part string) {
	for _, part := range []string{"bucket", "sum", "count"} {
		name, ok := strings.CutSuffix(series, "_"+part)
		if ok && d.metrics[name].kind == "histogram" {
			return name, part
		}
	}
	return series, ""
}

// targets are labels that come from the host's scrape configuration, or that it gives a collector.
func targets() []string {
	return []string{"job", "instance", "pod", "backfill"}
}

// isLabel reports whether any metric has a label of that name.
func (d documented) isLabel(name string) bool {
	all := append(targets(), "le")
	for _, m := range d.metrics {
		all = append(all, m.labels...)
	}
	return slices.Contains(all, name)
}

func quoted(text string) []string {
	words := regexp.MustCompile("`[^`]+`").FindAllString(text, -1)
	for i := range words {
		words[i] = strings.Trim(words[i], "`")
	}
	return words
}
