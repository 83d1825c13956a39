package workflow

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// unmatched finds what is probably misspelt: a selector or a container that matches nothing
// of a workflow that has ended. While it runs, what is meant may be still to come.
func (f logFilter) unmatched(s *status.WorkflowStatus, pods []*logPod) (problems field.ErrorList) {
	if !s.Completed() {
		return nil
	}
	if !f.selector.Empty() && len(s.Select(f.selector)) == 0 {
		names := map[string]bool{}
		for _, n := range s.Nodes {
			names[n.DisplayName] = true
		}
		problems = append(problems, field.Invalid(field.NewPath("selector"), f.selector.String(),
			"matches no node"+spec.Choices("", slices.Collect(maps.Keys(names)))))
	}
	known := map[string]bool{}
	for _, pod := range pods {
		for _, container := range pod.containers {
			known[container.name] = true
		}
	}
	for i, name := range f.containers {
		if len(known) > 0 && !known[name] { // of pods that are gone nothing is known
			problems = append(problems, field.NotSupported(field.NewPath("containers").Index(i), name, slices.Sorted(maps.Keys(known))))
		}
	}
	return problems
}
