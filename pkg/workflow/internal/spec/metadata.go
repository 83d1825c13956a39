package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	apivalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	metav1validation "k8s.io/apimachinery/pkg/apis/meta/v1/validation"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// ObjectProblems returns what is wrong with the kind and the names of a Workflow object that is to
// be created in a namespace.
func ObjectProblems(wf *unstructured.Unstructured, namespace string) field.ErrorList {
	if wf == nil || wf.Object == nil {
		return field.ErrorList{field.Required(field.NewPath("object"), "a Workflow")}
	}
	return append(namelessProblems(nil, wf), objectProblems(nil, wf, namespace)...)
}

func namelessProblems(path *field.Path, wf *unstructured.Unstructured) (problems field.ErrorList) {
	if wf.GetName() == "" && wf.GetGenerateName() == "" {
		problems = append(problems, field.Required(path.Child("metadata", "name"), "or generateName"))
	}
	return problems
}

func objectProblems(path *field.Path, wf *unstructured.Unstructured, namespace string) (problems field.ErrorList) {
	if k := wf.GetKind(); k != "" && k != naming.Kind {
		problems = append(problems, field.NotSupported(path.Child("kind"), k, []string{naming.Kind}))
	}
	if v := wf.GetAPIVersion(); v != "" && v != naming.APIVersion {
		problems = append(problems, field.NotSupported(path.Child("apiVersion"), v, []string{naming.APIVersion}))
	}
	metadata := path.Child("metadata")
	if ns := wf.GetNamespace(); ns != "" && ns != namespace {
		problems = append(problems, field.Invalid(metadata.Child("namespace"), ns,
			fmt.Sprintf("this client works in %q; leave it out, or use a client for that namespace", namespace)))
	}
	problems = append(problems, NameProblems(metadata.Child("name"), wf.GetName())...)
	if wf.GetGenerateName() != "" {
		for _, msg := range validation.IsDNS1123Subdomain(strings.TrimRight(wf.GetGenerateName(), "-.")) {
			problems = append(problems, field.Invalid(metadata.Child("generateName"), wf.GetGenerateName(), msg))
		}
	}
	return problems
}

// NameProblems returns what is wrong with the name of a new workflow. An empty name has no problem.
func NameProblems(path *field.Path, name string) field.ErrorList {
	if name == "" {
		return nil
	}
	problems := SubdomainProblems(path, name)
	if len(name) > naming.MaxLength {
		problems = append(problems, field.TooLong(path, name, naming.MaxLength))
	}
	return problems
}

// LabelProblems returns what is wrong with labels that a request puts on a workflow.
func LabelProblems(path *field.Path, labels map[string]string) field.ErrorList {
	return append(metav1validation.ValidateLabels(labels, path), reservedLabels(path, labels)...)
}

// AnnotationProblems returns what is wrong with annotations that a request puts on a workflow. An
// expression in one is a problem: Argo evaluates it where a template refers to the annotation.
func AnnotationProblems(path *field.Path, annotations map[string]string) field.ErrorList {
	problems := apivalidation.ValidateAnnotations(annotations, path)
	problems = append(problems, reservedAnnotations(path, annotations)...)
	for _, key := range slices.Sorted(maps.Keys(annotations)) {
		problems = append(problems, Evaluated(shown.Key(path, key), annotations[key], func(any) bool { return false })...)
	}
	return problems
}

// metadataProblems returns what is wrong with the metadata of a manifest.
func metadataProblems(path *field.Path, value any) field.ErrorList {
	problems := TypeProblems(path, TypeObjectMeta, value)
	metadata, _ := value.(map[string]any)
	labels, _, _ := unstructured.NestedStringMap(metadata, "labels")
	problems = append(problems, reservedLabels(path.Child("labels"), labels)...)
	annotations, _, _ := unstructured.NestedStringMap(metadata, "annotations")
	problems = append(problems, reservedAnnotations(path.Child("annotations"), annotations)...)
	return append(problems, unknownFields(path, metadata,
		"name", "generateName", "namespace", "labels", "annotations", "finalizers", "ownerReferences")...)
}

// CronProblems returns what is wrong with the spec of a CronWorkflow from which a workflow is
// started: its workflowSpec and its workflowMetadata.
func CronProblems(path *field.Path, spec map[string]any) field.ErrorList {
	workflowSpec, _ := spec["workflowSpec"].(map[string]any)
	problems := Problems(path.Child("workflowSpec"), workflowSpec)
	problems = append(problems, TypeProblems(path.Child("workflowMetadata"), TypeObjectMeta, spec["workflowMetadata"])...)
	return append(problems, reservedMetadata(path, spec)...)
}
