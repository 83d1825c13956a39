package spec

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ManifestProblems returns what is wrong with a manifest of a workflow that is to be created in a
// namespace. If the request gives a name, the manifest needs none.
func ManifestProblems(path *field.Path, manifest *unstructured.Unstructured, name, namespace string) field.ErrorList {
	problems := objectProblems(path, manifest, namespace)
	if name == "" {
		problems = append(problems, namelessProblems(path, manifest)...)
	}
	problems = append(problems, unknownFields(path, manifest.Object, "apiVersion", "kind", "metadata", "spec")...)
	problems = append(problems, TypeProblems(path, TypeMeta, manifest.Object)...)
	problems = append(problems, metadataProblems(path.Child("metadata"), manifest.Object["metadata"])...)
	at := path.Child("spec")
	spec, ok := manifest.Object["spec"].(map[string]any)
	if !ok {
		return append(problems, field.Required(at, "what to run"))
	}
	if shutdown, given := spec["shutdown"]; given && shutdown != "" {
		problems = append(problems, field.Forbidden(at.Child("shutdown"), "a new workflow cannot be shut down; stop it once it runs"))
	}
	problems = append(problems, Problems(at, spec)...)
	return append(problems, inexactParameters(at, spec)...)
}
