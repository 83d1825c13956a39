package specs_test

import (
	"fmt"
	"os"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// objectGateStatus is that of a workflow whose only step waits for an ApprovalGate object.
const objectGateStatus = `{phase: Running, startedAt: "2026-01-01T00:00:00Z", nodes: {g: {id: g, name: g, displayName: g, type: Pod, phase: Running, templateName: wait}}}`

// The role for ApprovalGate objects is as complete as the others, and has nothing more.
var _ = Describe("the role for gates in objects", func() {
	It("lets an operator decide, and not without any of its permissions", func(ctx SpecContext) {
		namespace := newNamespace(ctx)
		argotest.InstallApprovalGates(ctx, dyn)
		gates, both := argotest.ApprovalGates(dyn, namespace), grantedBy("operator.yaml")
		added := grantedBy("approval-gates.yaml")
		both = append(both, added...)
		opts := workflow.Options{GatePolicies: []workflow.GatePolicy{workflow.ApprovalGates()}}
		for i, without := range append([]workflow.Permission{{}}, added...) {
			a := &account{what: "without " + without.String(), name: fmt.Sprint("operator-", i)}
			a.granted = slices.DeleteFunc(slices.Clone(both), func(p workflow.Permission) bool { return p == without })
			a.create(ctx, namespace)
			a.cfg = must(cluster.ServiceAccountConfig(ctx, namespace, a.name))
			a.awaitKnown(ctx, namespace)
			s := &stage{account: a, namespace: namespace}
			name := fmt.Sprint("waits-", i)
			argotest.CreateApprovalGate(ctx, gates, name, "Pending")
			s.put(ctx, name, "", `{entrypoint: wait, templates: [{name: wait, resource: {action: get, successCondition: status.phase == Approved,
				manifest: "{apiVersion: migrations.opensearch.org/v1alpha1, kind: ApprovalGate, metadata: {name: `+name+`}}"}}]}`, objectGateStatus)

			client := s.clientWith(a.cfg, opts)
			Expect(client.Gates(ctx, name)).To(HaveExactElements(HaveField("Name", name)), "reading needs no more than for workflows")
			result, err := client.Approve(ctx, name, workflow.Decision{All: true})
			checked := client.CheckPermissions(ctx, workflow.OpApprove)
			if without.Verb == "" {
				Expect(err).NotTo(HaveOccurred())
				Expect(result.Gates).To(HaveLen(1))
				Expect(checked).To(Succeed())
				continue
			}
			Expect(err).To(And(MatchError(workflow.ErrForbidden), MatchError(ContainSubstring("approvalgates"))), a.what)
			Expect(checked).To(And(MatchError(workflow.ErrForbidden), MatchError(ContainSubstring(without.String()))), a.what)
		}
	}, SpecTimeout(specTimeout))
})

// grantedBy returns the permissions in a file of hack/rbac.
func grantedBy(file string) (granted []workflow.Permission) {
	GinkgoHelper()
	data := must(os.ReadFile("../../../hack/rbac/" + file))
	for document := range strings.SplitSeq(string(data), "\n---\n") {
		var role rbacv1.Role
		Expect(yaml.Unmarshal([]byte(document), &role)).To(Succeed())
		granted = append(granted, permissionsOf(role.Rules)...)
	}
	return granted
}
