package legacy

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Rollout selects the workflows that go to the native backend. The zero value sends all to kubectl.
type Rollout struct {
	// Force sends everything to one backend, whatever Percent is. "" means that Percent decides.
	Force workflow.Backend
	// Percent is the share of workflows that go to the native backend, from 0 to 100. Raising it
	// adds workflows and does not remove any.
	Percent float64
	// Salt changes which workflows are selected. Keep it during a rollout.
	Salt string
}

// Backend returns the backend of a workflow. It depends only on r and the arguments.
func (r Rollout) Backend(namespace, name string) workflow.Backend {
	switch {
	case r.Force != "":
		return r.Force
	case lot(r.Salt, namespace, name) < r.Percent:
		return workflow.BackendNative
	}
	return workflow.BackendKubectl
}

// lot returns a number from 0 to just below 100 that is the same for a workflow everywhere. It
// hashes each part with its length, so that different parts cannot form the same input.
func lot(salt, namespace, name string) float64 {
	h := sha256.New()
	for _, part := range []string{salt, namespace, name} {
		// Writing to a hash never fails.
		_ = binary.Write(h, binary.BigEndian, uint64(len(part)))
		_, _ = h.Write([]byte(part))
	}
	const digits = 53 // of a float64
	return float64(binary.BigEndian.Uint64(h.Sum(nil))>>(64-digits)) / (1 << digits) * 100
}

// check returns what is wrong with a rollout.
func (r Rollout) check(path *field.Path) field.ErrorList {
	var problems field.ErrorList
	if r.Force != "" && r.Force != workflow.BackendNative && r.Force != workflow.BackendKubectl {
		problems = append(problems, field.NotSupported(path.Child("force"), r.Force, []workflow.Backend{"", workflow.BackendNative, workflow.BackendKubectl}))
	}
	if math.IsNaN(r.Percent) || r.Percent < 0 || r.Percent > 100 {
		problems = append(problems, field.Invalid(path.Child("percent"), r.Percent, "must be from 0 to 100"))
	}
	return problems
}

// The variables that [RolloutFromEnv] reads.
const (
	// EnvForce is "true" to send everything to the native backend, "false" for kubectl.
	EnvForce = "USE_ARGO_SERVICE_V2"
	// EnvPercent is [Rollout.Percent], e.g. 10 or 2.5.
	EnvPercent = "ARGO_SERVICE_V2_PERCENT"
	// EnvSalt is [Rollout.Salt].
	EnvSalt = "ARGO_SERVICE_V2_SALT"
)

// RolloutFromEnv reads a rollout from the environment with lookup, usually [os.LookupEnv]. A
// variable that is not set or empty leaves its field at the zero value, so without any of them
// everything goes to kubectl. Invalid values are one error that names each variable and the allowed
// values, and matches [workflow.ErrInvalid].
func RolloutFromEnv(lookup func(string) (string, bool)) (Rollout, error) {
	var r Rollout
	var problems []error
	problem := func(name, value, allowed string) {
		problems = append(problems, fmt.Errorf("%w: %s is %q, which must be %s", workflow.ErrInvalid, name, value, allowed))
	}
	get := func(name string) string {
		value, _ := lookup(name)
		return strings.TrimSpace(value)
	}
	switch value := get(EnvForce); strings.ToLower(value) {
	case "":
	case "true":
		r.Force = workflow.BackendNative
	case "false":
		r.Force = workflow.BackendKubectl
	default:
		problem(EnvForce, value, "true or false")
	}
	if value := get(EnvPercent); value != "" {
		percent, err := strconv.ParseFloat(value, 64)
		if err != nil || len((Rollout{Percent: percent}).check(nil)) > 0 {
			problem(EnvPercent, value, "a number from 0 to 100")
		} else {
			r.Percent = percent
		}
	}
	r.Salt = get(EnvSalt)
	if len(problems) > 0 {
		return Rollout{}, errors.Join(problems...)
	}
	return r, nil
}
