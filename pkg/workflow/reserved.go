package workflow

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// reservedLabels finds labels that only Argo or this client may set, so that readers can rely on
// them, e.g. on which user created a workflow.
func reservedLabels[V any](path *field.Path, labels map[string]V) (problems field.ErrorList) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if why := whyReserved(name); why != "" {
			problems = append(problems, field.Forbidden(path.Key(name), why))
		}
	}
	return problems
}

// reservedAnnotations finds annotations that only this client may set.
func reservedAnnotations[V any](path *field.Path, annotations map[string]V) (problems field.ErrorList) {
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if isOwnMark(name) {
			problems = append(problems, field.Forbidden(path.Key(name), whyReserved(name)))
		}
	}
	return problems
}

// reservedMetadata finds the same in a spec's workflowMetadata, which the controller copies onto the
// workflow.
func reservedMetadata(path *field.Path, spec map[string]any) (problems field.ErrorList) {
	metadata, _ := spec["workflowMetadata"].(map[string]any)
	path = path.Child("workflowMetadata")
	for _, kind := range []string{"labels", "labelsFrom"} {
		labels, _ := metadata[kind].(map[string]any)
		problems = append(problems, reservedLabels(path.Child(kind), labels)...)
	}
	annotations, _ := metadata["annotations"].(map[string]any)
	return append(problems, reservedAnnotations(path.Child("annotations"), annotations)...)
}

// whyReserved returns "" for a name that anyone may set.
func whyReserved(name string) string {
	switch {
	case isOwnMark(name):
		return "only this client sets it: it records which request made or changed a workflow"
	case name == labelCompleted, name == labelPhase, name == labelArchiving:
		return "only the controller sets it: it ignores a workflow that is created with it"
	case name == labelInstanceID:
		return "use Options.InstanceID"
	case name == labelCron:
		return "only a start from a CronWorkflow sets it"
	case name == labelResubmitted:
		return "only a resubmission sets it"
	case name == labelAction, strings.HasPrefix(name, labelCreator), strings.HasPrefix(name, labelActor):
		return "only Argo's own server sets it: it records who made a workflow, or acted on it"
	}
	return ""
}
