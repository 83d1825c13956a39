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

// WorkflowName returns the name that Start gives to the workflow: Name, or that of the manifest, or
// with an IdempotencyKey one that is made from the key alone. Without any of these it is empty:
// Start chooses a random name, like those that [StartRequest.AnyName] returns. It is for callers
// that need the name before they call Start. It sends no request and checks nothing.
func (r StartRequest) WorkflowName() string {
	name := r.Name
	if name == "" && len(r.Manifest) > 0 {
		if obj, err := spec.Parse(r.Manifest); err == nil {
			name = obj.GetName()
		}
	}
	return givenName(name, r.IdempotencyKey)
}

// AnyName returns a random name, like those that Start chooses for the request. It is empty if the
// request has nothing to make a valid name from.
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
// IdempotencyKey one that is made from the key alone; see [StartRequest.WorkflowName].
func (o ResubmitOptions) WorkflowName(_ string) string { return givenName(o.Name, o.IdempotencyKey) }

// AnyName returns a random name, like those that Resubmit chooses. It is empty if the old name
// gives no valid one.
func (o ResubmitOptions) AnyName(old string) string {
	base := old
	// If the name ends in what looks like a random part, that is replaced. The letters are those of
	// k8s.io/apimachinery's util/rand.
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

// nameOfKey returns the name that is made from a key. It has no part of the key, which may be a
// secret, and none of what is started: so two processes that use a key for different requests claim
// the same name, and the API server lets one of them have it.
func nameOfKey(key string) string { return "key-" + newKeySecret(key).keyHash() }

// generatedLength is the length of the random part that the API server adds to a generateName.
const generatedLength = 5

func randomName(base string) string {
	return nameBase(base, generatedLength) + rand.String(generatedLength)
}

// nameBase truncates base so that with a dash and a suffix of that length it is a valid name.
func nameBase(base string, suffix int) string {
	if most := naming.MaxLength - suffix - 1; len(base) > most {
		base = base[:most]
	}
	return strings.TrimRight(base, ".-") + "-"
}

// checkName checks the name of a workflow that may exist. The API server accepts names of up to 253
// characters, more than this client gives.
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
