package journal

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// mask collects the values that may hold a secret, and masks those that do by the rule that also masks
// the configuration of a backfill. Many at once, since the rule takes longer to prepare than to apply.
type mask struct {
	values []any // maps of a name to a value
	places []func(masked any)
	colons []int // in each value

	most, size int // the bytes that the object may have, and those that it has at least
}

// grow counts what becomes part of the object.
func (m *mask) grow(bytes int) { m.size += bytes }

// full reports whether the object has more than it may have, so that nothing more need be added.
func (m *mask) full() bool { return m.size > m.most }

// add has set called with the value, masked if it is secret.
func (m *mask) add(name, value string, set func(any)) {
	m.grow(len(value))
	if value == "" {
		set("")
		return
	}
	m.values = append(m.values, map[string]any{name: value})
	m.places = append(m.places, set)
	m.colons = append(m.colons, 1+strings.Count(value, ":")+strings.Count(value, `\u003`))
}

// put adds a text as a field.
func (m *mask) put(fields map[string]any, key, text string) {
	if text != "" {
		m.add(key, cut(text), func(masked any) { fields[key] = masked })
	}
}

// parameters returns parameters as Argo has them. A value that is too long is left out.
func (m *mask) parameters(parameters []status.Parameter) []any {
	const least, leastValue = len(`{"name":""}`), len(`,"value":""`)
	var all []any
	for _, p := range parameters {
		if m.full() {
			break
		}
		m.grow(least + len(p.Name))
		fields := map[string]any{"name": p.Name}
		put(fields, "globalName", p.GlobalName)
		if p.Set && len(p.Value) <= mostValue {
			m.grow(leastValue)
			m.add(p.Name, p.Value, func(masked any) { fields["value"] = masked })
		}
		all = append(all, fields)
	}
	return all
}

// mostColons is how many colons the values have that are masked at once. Of what is masked at once the rule
// reads only the first 1,000 strings as YAML, which each have one at least.
const mostColons = 1000

// apply masks all that was added.
func (m *mask) apply() error {
	for from := 0; from < len(m.values); {
		to, colons := from+1, m.colons[from]
		for to < len(m.values) && colons+m.colons[to] <= mostColons {
			colons += m.colons[to]
			to++
		}
		if err := maskTogether(m.values[from:to], m.places[from:to]); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func maskTogether(values []any, places []func(masked any)) error {
	const list = "values"
	encoded, err := json.Marshal(backfill.Argo{Parameters: map[string]any{list: values}})
	if err != nil {
		return err
	}
	var masked struct {
		Parameters map[string][]map[string]any
	}
	if err := json.Unmarshal(encoded, &masked); err != nil {
		return err
	}
	if got := len(masked.Parameters[list]); got != len(places) {
		return fmt.Errorf("%d of %d values were masked", got, len(places))
	}
	for i, set := range places {
		for _, value := range masked.Parameters[list][i] {
			set(value)
		}
	}
	return nil
}
