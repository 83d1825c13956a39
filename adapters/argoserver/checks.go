package argoserver

import (
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// maxUID is the length of a UID in the archive.
const maxUID = 128

// checkIDs returns a [*workflow.InvalidError] for what would not be one element of a path.
func checkIDs(namespace string, uid types.UID) error {
	problems := namespaceProblems(namespace)
	if uid == "" || len(uid) > maxUID || strings.Trim(string(uid), uidCharacters) != "" {
		problems = append(problems, field.Invalid(field.NewPath("uid"), string(uid),
			"must be letters, digits and hyphens, at most 128"))
	}
	return invalid(problems)
}

const uidCharacters = "-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// checkName returns a [*workflow.InvalidError] for what cannot be the name of a workflow, and could be more
// than one element of a field selector.
func checkName(namespace, name string) error {
	problems := namespaceProblems(namespace)
	for _, why := range validation.IsDNS1123Subdomain(name) {
		problems = append(problems, field.Invalid(field.NewPath("name"), name, why))
	}
	return invalid(problems)
}

func namespaceProblems(namespace string) (problems field.ErrorList) {
	for _, why := range validation.IsDNS1123Label(namespace) {
		problems = append(problems, field.Invalid(field.NewPath("namespace"), namespace, why))
	}
	return problems
}

func invalid(problems field.ErrorList) error {
	if len(problems) == 0 {
		return nil
	}
	return &workflow.InvalidError{Problems: problems}
}

// allowedInNames is what isParameterName allows.
const allowedInNames = "must be letters, digits, hyphens and underscores"

// isParameterName reports whether Argo accepts the name of a parameter or an artifact.
func isParameterName(name string) bool {
	return name != "" && strings.Trim(name, uidCharacters+"_") == ""
}
