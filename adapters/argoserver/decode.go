package argoserver

import (
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

const (
	apiVersion = "argoproj.io/v1alpha1"
	kind       = "Workflow"
)

// decode decodes a workflow. Errors contain nothing of the document.
func decode(document []byte) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(document, &u.Object); err != nil || u.Object == nil {
		return nil, errors.New("the answer is not a JSON object: is Options.URL that of an Argo server?")
	}
	if u.GetKind() == "" { // some versions of Argo leave them out
		u.SetAPIVersion(apiVersion)
		u.SetKind(kind)
	}
	if u.GetKind() != kind {
		return nil, errors.New("the answer is not a Workflow")
	}
	return u, nil
}
