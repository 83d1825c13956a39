package workflow

import (
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// checkName checks the name of a workflow that may exist. The API server accepts names of up to 253
// characters, longer than this client generates.
func checkName(name string) error {
	path := field.NewPath("name")
	if name == "" {
		return invalid(field.Required(path, "the workflow's name"))
	}
	if problems := spec.SubdomainProblems(path, name); len(problems) > 0 {
		return invalid(problems...)
	}
	return nil
}
