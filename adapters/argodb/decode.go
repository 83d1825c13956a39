package argodb

import (
	"bytes"
	"errors"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json"
)

const (
	// nullReplacement is what the controller writes to PostgreSQL in place of \u0000, which jsonb cannot
	// store.
	nullReplacement = "ARGO_POSTGRES_NULL_REPLACEMENT"

	apiVersion = "argoproj.io/v1alpha1"
	kind       = "Workflow"
)

// decode decodes the column workflow. Errors contain nothing of the document.
func decode(dialect Dialect, document []byte) (*unstructured.Unstructured, error) {
	if dialect == PostgreSQL {
		document = bytes.ReplaceAll(document, []byte(nullReplacement), []byte(`\u0000`))
	}
	u := &unstructured.Unstructured{}
	if err := json.Unmarshal(document, &u.Object); err != nil || u.Object == nil {
		return nil, errors.New("the archived workflow is not a JSON object")
	}
	if u.GetKind() == "" { // some versions of the controller leave them out
		u.SetAPIVersion(apiVersion)
		u.SetKind(kind)
	}
	if u.GetKind() != kind {
		return nil, errors.New("the archived object is not a Workflow")
	}
	return u, nil
}
