package conformance

import (
	"context"
	"fmt"
	"strings"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// These are the labels of specs that need more of their cluster than a workflow-controller that acts
// on the namespace, and permissions on Argo's resources in it. A suite whose cluster lacks something
// calls Skip in the setup of the specs with that label.
const (
	NeedsPods             = "needs-pods"              // the pods of workflows run to their end, and report outputs
	NeedsLogs             = "needs-logs"              // Fixture.WriteLog
	NeedsAccounts         = "needs-accounts"          // Fixture.Restricted
	NeedsClusterTemplates = "needs-cluster-templates" // ClusterWorkflowTemplates can be made, and the controller reads them
	NeedsNamespaces       = "needs-namespaces"        // Fixture.In, with permissions in any namespace
	NeedsQuotas           = "needs-quotas"            // ResourceQuotas can be made
	NeedsOtherPods        = "needs-other-pods"        // pods can be made that are not a workflow's
	NeedsGateObjects      = "needs-gate-objects"      // Fixture.WithGates, and a custom resource can be installed
	NeedsInlineNodes      = "needs-inline-nodes"      // the controller keeps small nodes in the workflow itself
)

// RestrictedContainer is the security context of containers. It satisfies the restricted pod security standard.
const RestrictedContainer = "{allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}, runAsNonRoot: true, " +
	"runAsUser: 8737, seccompProfile: {type: RuntimeDefault}}"

// declared fails the running spec if it uses what it needs without the label.
func declared(need string) {
	ginkgo.GinkgoHelper()
	gomega.Expect(ginkgo.CurrentSpecReport().Labels()).To(gomega.ContainElement(need), "a spec declares what it needs")
}

// strict returns the fixture with functions that only specs with the right label may use.
func (f Fixture) strict() Fixture {
	in, restricted := f.In, f.Restricted
	f.In = func(namespace string) workflow.Interface {
		ginkgo.GinkgoHelper()
		declared(NeedsNamespaces)
		return in(namespace)
	}
	f.Restricted = func(ctx context.Context, allowed map[string][]string) workflow.Interface {
		ginkgo.GinkgoHelper()
		declared(NeedsAccounts)
		return restricted(ctx, allowed)
	}
	return f
}

// fit returns the fields of a template's spec, or the manifest of a pod, for the fixture's pods.
func (f Fixture) fit(manifest string) string {
	if f.Image == "" {
		return manifest
	}
	return strings.ReplaceAll(manifest, "image: any",
		fmt.Sprintf("image: %q, securityContext: %s", f.Image, RestrictedContainer))
}
