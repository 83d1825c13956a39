package specs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/sets"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

// The specs use the roles of hack/rbac, complete and without one permission each. What works and
// what doesn't must match the tables that the roles are made of.
var _ = Describe("roles", first, func() {
	var namespace string
	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		arrange(ctx, namespace)
		DeferCleanup(func(ctx SpecContext) { letGo(ctx, namespace) })
	}, NodeTimeout(specTimeout))

	looking := []workflow.Op{workflow.OpGet, workflow.OpList, workflow.OpWatch, workflow.OpWait, workflow.OpGates, workflow.OpLogs}

	It("let a reader read, and nothing else", func(ctx SpecContext) {
		accounts, probes := accountsOf(ctx, namespace, "reader.yaml"), operationProbes()
		expectAsTheTableSays(ctx, namespace, accounts[:1], probes, workflow.Requirements)
		probes = slices.DeleteFunc(probes, func(p probe) bool { return !slices.Contains(looking, p.op) })
		expectAsTheTableSays(ctx, namespace, accounts[1:], probes, workflow.Requirements)
		expectCheckPermissions(ctx, namespace, accounts, looking)
		expectCheckPermissions(ctx, namespace, accounts, []workflow.Op{workflow.OpGet, workflow.OpLogs.With(workflow.PartFollow)})
	}, SpecTimeout(startTimeout))

	It("let an operator do everything", func(ctx SpecContext) {
		accounts, probes := accountsOf(ctx, namespace, "operator.yaml", "cluster-templates.yaml"), operationProbes()
		expectProbes(probes, operationRequirements())
		expectAsTheTableSays(ctx, namespace, accounts, probes, workflow.Requirements)
		expectCheckPermissions(ctx, namespace, accounts, nil)
		expectCheckPermissions(ctx, namespace, accounts, []workflow.Op{workflow.OpStart})
		expectCheckPermissions(ctx, namespace, accounts, []workflow.Op{workflow.OpStart.With(workflow.PartReplace), workflow.OpDelete})
	}, SpecTimeout(startTimeout))
})

// operationRequirements returns the table without the operations that need no permissions.
func operationRequirements() []workflow.OpRequirements {
	var all []workflow.OpRequirements
	for _, op := range workflow.Ops() {
		if requirements := workflow.Requirements(op); len(requirements) > 0 {
			all = append(all, workflow.OpRequirements{Op: op, Requirements: requirements})
		}
	}
	return all
}

// expectCheckPermissions expects that CheckPermissions reports exactly what an account lacks and for which
// operations. If ops is nil, all operations are checked.
func expectCheckPermissions(ctx context.Context, namespace string, accounts []*account, ops []workflow.Op) {
	GinkgoHelper()
	asked := func(op workflow.Op, n workflow.Requirement) bool {
		switch {
		case ops == nil:
			return op != workflow.OpCreate // it is not of the Interface
		case n.OnRequest:
			return slices.Contains(ops, op.With(n.Part))
		}
		return slices.ContainsFunc(ops, func(o workflow.Op) bool { return o == op || strings.HasPrefix(string(o), string(op.With(""))) })
	}
	for _, events := range []bool{false, true} {
		var opts workflow.Options
		if events {
			opts.EventSource = "spec"
		}
		for _, a := range accounts {
			want := sets.New[string]()
			for _, op := range workflow.Ops() {
				for _, n := range workflow.Requirements(op) {
					if asked(op, n) && !a.has(n.Permission) && (!n.Optional || events && n.Part == partEvents) {
						want.Insert(fmt.Sprintf("%s for %s", n.Permission, op))
					}
				}
			}
			err := (&stage{account: a, namespace: namespace}).clientWith(a.cfg, opts).CheckPermissions(ctx, ops...)
			var got []string
			if lacks := (*workflow.PermissionError)(nil); errors.As(err, &lacks) {
				Expect(err).To(MatchError(workflow.ErrForbidden))
				AddReportEntry(conformance.ErrorEntry, string(workflow.OpCheckPermissions)+" ErrForbidden", ReportEntryVisibilityNever)
				for _, m := range lacks.Missing {
					Expect(err).To(MatchError(ContainSubstring(m.Permission.String())))
					for _, op := range m.Ops {
						got = append(got, fmt.Sprintf("%s for %s", m.Permission, op))
					}
				}
			} else {
				Expect(err).NotTo(HaveOccurred())
			}
			Expect(got).To(ConsistOf(sets.List(want)), a.what)
		}
	}
}

// letGo removes the finalizers of workflows, so that their namespace can be deleted.
func letGo(ctx context.Context, namespace string) {
	GinkgoHelper()
	list, err := argotest.Workflows(dyn, namespace).List(ctx, metav1.ListOptions{})
	Expect(err).NotTo(HaveOccurred())
	s := &stage{namespace: namespace}
	for _, wf := range list.Items {
		if len(wf.GetFinalizers()) > 0 {
			Expect(s.patch(ctx, wf.GetName(), `{"metadata":{"finalizers":null}}`)).To(Succeed())
		}
	}
}
