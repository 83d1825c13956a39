package spec

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// reservedLabels finds labels that only Argo or this library may set, so that readers can rely on
// them, for example on which user created a workflow.
func reservedLabels[V any](path *field.Path, labels map[string]V) (problems field.ErrorList) {
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if why := whyReserved(name); why != "" {
			problems = append(problems, field.Forbidden(path.Key(name), why))
		}
	}
	return problems
}

// reservedAnnotations finds annotations that only this library may set.
func reservedAnnotations[V any](path *field.Path, annotations map[string]V) (problems field.ErrorList) {
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if isOwnName(name) {
			problems = append(problems, field.Forbidden(path.Key(name), whyReserved(name)))
		}
	}
	return problems
}

// reservedMetadata finds both in a spec's workflowMetadata, which the controller copies onto the
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

// ownNames returns the labels and annotations that this library sets. Other names with its prefix
// belong to packages that use it.
func ownNames() []string {
	return []string{naming.AnnotationStart, naming.LabelKey, naming.AnnotationAsked, naming.AnnotationRetryID, naming.AnnotationDecisions}
}

func isOwnName(name string) bool { return slices.Contains(ownNames(), name) }

// whyReserved returns "" for a name that any client may set.
func whyReserved(name string) string {
	switch {
	case isOwnName(name):
		return "only this client sets it: it records which request made or changed a workflow"
	case name == naming.LabelCompleted, name == naming.LabelPhase, name == naming.LabelArchiving:
		return "only the controller sets it: it ignores a workflow that is created with it"
	case name == naming.LabelInstanceID:
		return "use Options.InstanceID"
	case name == naming.LabelCron:
		return "only a start from a CronWorkflow sets it"
	case name == naming.LabelResubmitted:
		return "only a resubmission sets it"
	case name == naming.LabelAction, strings.HasPrefix(name, naming.LabelCreator), strings.HasPrefix(name, naming.LabelActor):
		return "only Argo's own server sets it: it records who made a workflow, or acted on it"
	}
	return ""
}
