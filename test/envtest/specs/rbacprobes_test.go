package specs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// errWithout is the error of a probe whose operation succeeded without the part under test.
var errWithout = errors.New("it did without")

// probe tries an operation, and parts of it that need more permissions.
type probe struct {
	op    workflow.Op
	parts []string // all parts that it covers
	run   attempt
}

// attempt calls an operation as the stage's account, and returns its error. The objects that it
// needs are created by the administrator.
type attempt func(ctx context.Context, s *stage) error

func (p probe) String() string {
	return strings.TrimSuffix(fmt.Sprintf("%s (%s)", p.op, strings.Join(p.parts, ", ")), " ()")
}

// stage is the environment of one run of a probe.
type stage struct {
	*account
	namespace string
	own       string // prefix of the names of its objects
	made      int
}

// fresh returns an unused name.
func (s *stage) fresh() string {
	s.made++
	return fmt.Sprintf("%s-%d", s.own, s.made)
}

// lacking returns the permissions that a probe needs and an account doesn't have. soft are those
// that the operation can do without.
func lacking(p probe, requirements []workflow.Requirement, a *account) (hard, soft []workflow.Permission) {
	for _, n := range requirements {
		switch {
		case n.Part != "" && !slices.Contains(p.parts, n.Part), a.has(n.Permission):
		case n.Optional:
			soft = append(soft, n.Permission)
		default:
			hard = append(hard, n.Permission)
		}
	}
	return hard, soft
}

// judge compares the result of a probe with the table. It returns what is wrong, or "".
func judge(p probe, requirements []workflow.Requirement, a *account, err error) string {
	wrong := ""
	switch hard, soft := lacking(p, requirements, a); {
	case len(hard) > 0:
		var all *workflow.PermissionError
		switch {
		case !errors.Is(err, workflow.ErrForbidden):
			wrong = fmt.Sprintf("it lacks %v", hard)
		case errors.As(err, &all):
			if names := missing(all); !slices.Equal(names, hard) {
				wrong = fmt.Sprintf("it lacks %v, and the error has %v", hard, names)
			}
		case !slices.ContainsFunc(hard, func(p workflow.Permission) bool { return strings.Contains(err.Error(), refusal(p)) }):
			wrong = fmt.Sprintf("it lacks %v, and the error names none", hard)
		}
	case len(soft) > 0 && !errors.Is(err, errWithout):
		wrong = fmt.Sprintf("it lacks %v and should do without", soft)
	case len(soft) == 0 && err != nil:
		wrong = "it lacks nothing"
	}
	if wrong != "" {
		return fmt.Sprintf("%s, %s: %s; %v", a.what, p, wrong, err)
	}
	return ""
}

// missing returns the missing permissions as the table has them. An operation on one workflow asks
// for permissions on that workflow only, since a role can be limited to names.
func missing(e *workflow.PermissionError) []workflow.Permission {
	all := make([]workflow.Permission, len(e.Missing))
	for i, m := range e.Missing {
		if m.Resource == "workflows" {
			m.Name = ""
		}
		all[i] = m.Permission
	}
	return all
}

// refusal returns how the API server names a permission.
func refusal(p workflow.Permission) string {
	resource := strings.TrimRight(p.Resource+"/"+p.Subresource, "/")
	return fmt.Sprintf("cannot %s resource %q in API group %q", p.Verb, resource, p.Group)
}

// expectAsTheTableSays runs every probe as every account, and compares the results with the table.
func expectAsTheTableSays(ctx context.Context, namespace string, accounts []*account, probes []probe, requirements func(workflow.Op) []workflow.Requirement) {
	GinkgoHelper()
	const patience = specTimeout // a busy machine is slow; a hanging call ends before the spec does
	var mu sync.Mutex
	var wrong []string
	var running sync.WaitGroup
	for _, a := range accounts {
		running.Go(func() {
			defer GinkgoRecover()
			for i, p := range probes {
				own, cancel := context.WithTimeout(ctx, patience)
				err := p.run(own, &stage{account: a, namespace: namespace, own: fmt.Sprintf("%s-%d", a.name, i)})
				cancel()
				if text := judge(p, requirements(p.op), a, err); text != "" {
					mu.Lock()
					wrong = append(wrong, text)
					mu.Unlock()
				}
			}
		})
	}
	running.Wait()
	Expect(wrong).To(BeEmpty())
}

// expectProbes checks that exactly the operations and parts of the table have a probe.
func expectProbes(probes []probe, table []workflow.OpRequirements) {
	GinkgoHelper()
	want, have := sets.New[string](), sets.New[string]()
	add := func(to sets.Set[string], op workflow.Op, part string) { to.Insert(fmt.Sprintf("%s (%s)", op, part)) }
	for _, of := range table {
		add(want, of.Op, "")
		for _, n := range of.Requirements {
			add(want, of.Op, n.Part)
		}
	}
	for _, p := range probes {
		add(have, p.op, "")
		for _, part := range p.parts {
			add(have, p.op, part)
		}
	}
	Expect(sets.List(have)).To(Equal(sets.List(want)))
}

// tally calls done when all wanted names have been added.
type tally struct {
	mu      sync.Mutex
	missing sets.Set[string]
	done    func()
}

func newTally(done func(), want ...string) *tally {
	return &tally{missing: sets.New(want...), done: done}
}

func (t *tally) add(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.missing.Delete(name); t.missing.Len() == 0 {
		t.done()
	}
}
