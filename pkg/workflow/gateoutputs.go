package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// gateOutputs are the values for output parameters of gates.
type gateOutputs struct {
	values map[string]string
	faulty []string // the names of those whose values are invalid
}

// problems checks the values against those that the gates wait for. It stops early if ctx has ended.
func (o gateOutputs) problems(ctx context.Context, gates []*status.Node) (problems field.ErrorList) {
	path, faulty := field.NewPath("outputs"), sets.New(o.faulty...)
	awaited := map[string]bool{}
	for _, gate := range gates {
		if ctx.Err() != nil {
			return problems
		}
		for _, p := range gate.AwaitedOutputs() {
			awaited[p.Name] = true
			at := shown.Key(path, p.Name)
			value, given := o.values[p.Name]
			switch {
			case faulty.Has(p.Name):
			case !given && !p.HasDefault:
				problems = append(problems, field.Required(at, fmt.Sprintf(
					"raw output parameter '%s' has not been set and does not have a default value (node %s)%s",
					shown.Name(p.Name), shown.Name(gate.DisplayName), allowed(p.Enum))))
			case given && len(p.Enum) > 0 && !slices.Contains(p.Enum, value):
				problems = append(problems, spec.Hidden(at,
					fmt.Sprintf("node %s allows only: [%s]", shown.Name(gate.DisplayName), spec.Enum(p.Enum, " "))))
			}
		}
	}
	hints := spec.NewHints(slices.Collect(maps.Keys(awaited)))
	without := ""
	if at := slices.IndexFunc(gates, func(n *status.Node) bool { return !isSuspend(n) }); at >= 0 {
		without = "; a gate that is decided in an object, such as " + shown.Name(gates[at].GateName()) + ", has no outputs"
	}
	for _, name := range spec.Names(o.values, o.faulty) {
		if !awaited[name] {
			problems = append(problems, field.Forbidden(shown.Key(path, name), "no suspended node waits for it"+hints.Near(name)+without))
		}
	}
	return problems
}

func allowed(enum []string) string {
	if len(enum) == 0 {
		return ""
	}
	return "; allowed are: [" + spec.Enum(enum, " ") + "]"
}

// supply returns the values that a gate gets, by name, and its output parameters with these values.
func (o gateOutputs) supply(gate *status.Node) (values map[string]string, set []status.Parameter) {
	values = map[string]string{}
	for _, p := range gate.AwaitedOutputs() {
		value, given := o.values[p.Name]
		if !given {
			value = p.Default
		}
		values[p.Name], p.Value = value, value
		set = append(set, p)
	}
	return values, set
}

// differing returns the names of the outputs that a decided gate has with other values than those
// given. waited is the gate as it waited; nil means that it is unknown which outputs it waited for, and
// all of its outputs are compared.
func (o gateOutputs) differing(gate, waited *status.Node) (names []string) {
	if len(o.values) == 0 {
		return nil
	}
	all := gate.Outputs().Parameters
	values := make(map[string]string, len(all))
	for _, p := range all {
		if _, repeated := values[p.Name]; p.Set && !repeated {
			values[p.Name] = p.Value
		}
	}
	compared := all
	if waited != nil {
		compared = waited.AwaitedOutputs()
	}
	for _, p := range compared {
		value, given := o.values[p.Name]
		if is, set := values[p.Name]; given && (!set || is != value) {
			names = append(names, p.Name)
		}
	}
	return names
}

// globalOutputs returns status.outputs.parameters with the values of the set parameters that have a
// global name, or nil if none has one.
func globalOutputs(obj *unstructured.Unstructured, set []status.Parameter) []any {
	globals, _, _ := unstructured.NestedSlice(obj.Object, "status", "outputs", "parameters")
	at := make(map[string]int, len(globals)) // by name
	for i, existing := range globals {
		fields, _ := existing.(map[string]any)
		name, _ := fields["name"].(string)
		if _, repeated := at[name]; !repeated {
			at[name] = i
		}
	}
	changed := false
	for _, p := range set {
		name := p.GlobalName
		if name == "" {
			continue
		}
		changed = true
		global := map[string]any{"name": name, "value": p.Value}
		if i, there := at[name]; there {
			globals[i] = global
		} else {
			at[name] = len(globals)
			globals = append(globals, global)
		}
	}
	if !changed {
		return nil
	}
	return globals
}
