package metricdoc

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
)

// Check fails the test unless the table under a heading of the file has exactly the metrics of the
// collectors, with their types, labels and help, and the table of labels has all of their values.
// Each metric of the collectors must have a value.
func Check(t *testing.T, file, heading string, collectors ...prometheus.Collector) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(collectors...)
	problems, err := testutil.GatherAndLint(registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	if described := countDescribed(collectors); described != len(families) {
		t.Errorf("%d metrics are described, %d have a value", described, len(families))
	}

	documented, err := Metrics(file, heading)
	if err != nil {
		t.Fatal(err)
	}
	labels, err := Labels(file)
	if err != nil {
		t.Fatal(err)
	}
	given := map[string]Metric{}
	for _, f := range families {
		given[f.GetName()] = metricOf(f)
		checkValues(t, labels, f)
	}
	for _, m := range documented {
		if got, ok := given[m.Name]; !ok {
			t.Errorf("%s is documented, but does not exist", m.Name)
		} else if !reflect.DeepEqual(got, m) {
			t.Errorf("%s has\n%+v\nand is documented as\n%+v", m.Name, got, m)
		}
		delete(given, m.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		t.Errorf("%s is not documented", name)
	}
}

func countDescribed(collectors []prometheus.Collector) int {
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		for _, c := range collectors {
			c.Describe(descs)
		}
	}()
	n := 0
	for range descs {
		n++
	}
	return n
}

func metricOf(f *dto.MetricFamily) Metric {
	m := Metric{Name: f.GetName(), Type: strings.ToLower(f.GetType().String()), Meaning: f.GetHelp()}
	for _, pair := range f.GetMetric()[0].GetLabel() {
		m.Labels = append(m.Labels, pair.GetName())
	}
	slices.Sort(m.Labels)
	return m
}

func checkValues(t *testing.T, documented []Values, f *dto.MetricFamily) {
	t.Helper()
	for _, m := range f.GetMetric() {
		for _, pair := range m.GetLabel() {
			if !slices.Contains(Allowed(documented, f.GetName(), pair.GetName()), pair.GetValue()) {
				t.Errorf("%s{%s=%q} is not documented", f.GetName(), pair.GetName(), pair.GetValue())
			}
		}
	}
}

// Allowed returns the documented values of a metric's label. A result is one of its own, or any
// reason.
func Allowed(documented []Values, metric, label string) []string {
	var general []string
	for _, v := range documented {
		switch {
		case v.Label == label && v.Metric == metric:
			return v.Values
		case v.Label == label && v.Metric == "", label == "result" && v.Label == "reason":
			general = append(general, v.Values...)
		}
	}
	return general
}
