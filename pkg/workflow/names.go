package workflow

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// WorkflowName returns the name that Start gives to the workflow: Name, or the manifest's name, or
// with an IdempotencyKey a name derived from the key alone. Without any of these it returns "",
// since Start then generates a random name, like those that [StartRequest.AnyName] returns. It is
// for callers that need the name before they call Start. It does not send a request or check the
// name.
func (r StartRequest) WorkflowName() string {
	name := r.Name
	if name == "" && len(r.Manifest) > 0 {
		if obj, err := spec.Parse(r.Manifest); err == nil {
			name = obj.GetName()
		}
	}
	return givenName(name, r.IdempotencyKey)
}

// AnyName returns a random name, like those that Start generates for the request. It returns "" if
// the request has nothing to make a valid name from.
func (r StartRequest) AnyName() string {
	base := cmp.Or(r.Template, r.CronWorkflow)
	if len(r.Manifest) > 0 {
		base = ""
		if obj, err := spec.Parse(r.Manifest); err == nil {
			base = spec.NameBase(obj, r.Name)
		}
	}
	return anyName(base)
}

// WorkflowName returns the name that Resubmit gives to the new workflow: Name, or with an
// IdempotencyKey a name derived from the key alone; see [StartRequest.WorkflowName].
func (o ResubmitOptions) WorkflowName(_ string) string { return givenName(o.Name, o.IdempotencyKey) }

// AnyName returns a random name, like those that Resubmit generates. It returns "" if the old name
// does not give a valid one.
func (o ResubmitOptions) AnyName(old string) string {
	base := old
	// Replace a suffix that looks random. The letters are those of k8s.io/apimachinery's util/rand.
	const alphabet = "bcdfghjklmnpqrstvwxz2456789"
	if at := len(old) - generatedLength - 1; at > 0 && old[at] == '-' && strings.Trim(old[at+1:], alphabet) == "" {
		base = old[:at]
	}
	return anyName(base)
}

func anyName(base string) string {
	if len(validation.IsDNS1123Subdomain(base)) > 0 {
		return ""
	}
	return randomName(base)
}

func givenName(name, key string) string {
	if name == "" && key != "" {
		return nameOfKey(key)
	}
	return name
}

// nameOfKey returns the name derived from a key. It contains nothing of the key, which may be
// secret, and nothing of the request: two processes that use a key for different requests claim the
// same name, and the API server accepts only one.
func nameOfKey(key string) string { return "key-" + newKeySecret(key).keyHash() }

// generatedLength is the length of the random part that the API server adds to a generateName.
const generatedLength = 5

func randomName(base string) string {
	return nameBase(base, generatedLength) + rand.String(generatedLength)
}

// nameBase truncates base so that it is a valid name with a dash and a suffix of that length.
func nameBase(base string, suffix int) string {
	if most := naming.MaxLength - suffix - 1; len(base) > most {
		base = base[:most]
	}
	return strings.TrimRight(base, ".-") + "-"
}

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
