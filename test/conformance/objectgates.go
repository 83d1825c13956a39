package conformance

import (
	"context"
	"errors"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// mayReadGates lets the pods of workflows read the objects.
const mayReadGates = `{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: gates},
  rules: [{apiGroups: [migrations.opensearch.org], resources: [approvalgates], verbs: [get]}]}`

const bindMayReadGates = `{apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: gates},
  roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: gates}, subjects: [{kind: ServiceAccount, name: default}]}`

// waitForApproval is the template of a step that waits for an object, as in opensearch-migrations: the
// manifest takes the name from an expression.
const waitForApproval = `
  templates:
  - {name: main, suspend: {}}
  - name: waitforuserapproval
    inputs: {parameters: [{name: resourceName}]}
    retryStrategy: {limit: "1000", retryPolicy: Always, backoff: {duration: "1", factor: "1"}}
    resource:
      action: get
      manifest: |
        apiVersion: migrations.opensearch.org/v1alpha1
        kind: ApprovalGate
        metadata:
          name: "{{=sprig.lower(inputs.parameters.resourceName)}}"
      successCondition: status.phase == Approved
`

// objectGates has gates of objects in a DAG: one in a template that is called by reference, one that is
// called in place with a literal name, and a Suspend node.
const objectGates = `
  templates:
  - name: main
    dag:
      tasks:
      - {name: referred, templateRef: {name: SHARED, template: waitforuserapproval}, arguments: {parameters: [{name: resourceName, value: evaluate.one}]}}
      - {name: literal, template: literal}
      - {name: approve, template: approval}
  - name: literal
    resource:
      action: get
      manifest: "{apiVersion: migrations.opensearch.org/v1alpha1, kind: ApprovalGate, metadata: {name: migrate.one}}"
      successCondition: status.phase == Approved
      failureCondition: status.phase == Denied
  - name: approval
    suspend: {}
`

// oneObjectGate waits for one object.
const oneObjectGate = `
  templates:
  - name: main
    steps:
    - - {name: check, template: check}
  - name: check
    resource:
      action: get
      manifest: "{apiVersion: migrations.opensearch.org/v1alpha1, kind: ApprovalGate, metadata: {name: migrate.one}}"
      successCondition: status.phase == Approved
      failureCondition: status.phase == Denied
`

// gateObjects returns the administrator's client for the objects.
func (f Fixture) gateObjects() dynamic.ResourceInterface {
	return argotest.ApprovalGates(f.Admin, f.Namespace)
}

// withObjectGates prepares the cluster, and returns the fixture with a client that has the policy. With a
// value for rejections, gates can be rejected.
func (f Fixture) withObjectGates(ctx context.Context, rejected string) Fixture {
	GinkgoHelper()
	declared(NeedsGateObjects)
	if f.WithGates == nil {
		Skip("the fixture has no client with policies for gates")
	}
	argotest.InstallApprovalGates(ctx, f.Admin)
	for resource, manifest := range map[string]string{"roles": mayReadGates, "rolebindings": bindMayReadGates} {
		rbac := schema.GroupVersionResource{Group: "rbac.authorization.k8s.io", Version: "v1", Resource: resource}
		argotest.Create(ctx, f.Admin.Resource(rbac).Namespace(f.Namespace), manifest)
	}
	policy := workflow.ApprovalGates()
	policy.Rejected = rejected
	f.Client = f.WithGates(policy)
	return f
}

func (f Fixture) gateObject(ctx context.Context, name string) *unstructured.Unstructured {
	GinkgoHelper()
	return must(f.gateObjects().Get(ctx, name, metav1.GetOptions{}))
}

// describeObjectGates contains the specs of gates that are decided in objects.
func describeObjectGates(fixture *Fixture) {
	waiting := func(gates int) workflow.Condition {
		return func(s *status.WorkflowStatus) (bool, error) { return len(s.SuspendedNodes()) == gates, nil }
	}
	phaseOf := func(object *unstructured.Unstructured) string {
		phase, _, _ := unstructured.NestedString(object.Object, "status", "phase")
		return phase
	}

	Describe("gates that are decided in objects", Label(NeedsGateObjects), func() {
		It("wait, and are approved, beside those of the workflow", func(ctx SpecContext) {
			f := fixture.withObjectGates(ctx, "")
			shared := f.template(ctx, waitForApproval)
			argotest.CreateApprovalGate(ctx, f.gateObjects(), "migrate.one", "Pending")
			s := f.startUntil(ctx, strings.ReplaceAll(objectGates, "SHARED", shared), waiting(3))
			Expect(s.Outcome()).To(Equal(status.OutcomeSuspended))
			Expect(collect(f.Client.List(ctx, workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}))).
				To(ContainElement(HaveField("Name", s.Name)))
			gates := must(f.Client.Gates(ctx, s.Name))
			Expect(gates).To(ConsistOf(
				And(HaveField("Name", "evaluate.one"), HaveField("Object", HaveField("String()", "ApprovalGate evaluate.one"))),
				And(HaveField("Name", "migrate.one"), HaveField("Object.Namespace", f.Namespace)),
				And(HaveField("Name", "approve"), HaveField("Object", BeNil())),
			))

			By("nothing is approved while an object is missing; its step is tried again and again, and is one gate")
			f.wait(ctx, s.Name, func(s *status.WorkflowStatus) (bool, error) {
				return len(s.SuspendedNodes()) == 3 && len(s.Select(must(status.ParseNodeSelector("phase=Failed")))) > 1, nil
			})
			_, err := f.Client.Approve(ctx, s.Name, workflow.Decision{All: true})
			text := expectError(err, workflow.ErrNotSuspended, workflow.OpApprove, s.Name)
			Expect(text).To(ContainSubstring(`gate "evaluate.one" (ApprovalGate evaluate.one)`))
			Expect(phaseOf(f.gateObject(ctx, "migrate.one"))).To(Equal("Pending"))
			_, err = f.Client.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"migrate.*"}, Outputs: map[string]any{"by": "ann"}})
			expectError(err, workflow.ErrInvalid, workflow.OpApprove, s.Name)
			_, err = f.Client.Reject(ctx, s.Name, workflow.Decision{Gates: []string{"migrate.one"}})
			expectError(err, workflow.ErrUnsupported, workflow.OpReject, s.Name)

			By("Resume passes the gate of the workflow only")
			resumed := must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
			Expect(resumed.Gates).To(HaveExactElements(HaveField("Name", "approve")))

			argotest.CreateApprovalGate(ctx, f.gateObjects(), "evaluate.one", "")
			decision := workflow.Decision{Gates: []string{"*.one"}, By: "ann@example.com", Message: "looks right", UID: s.UID}
			Expect(f.Client.Approve(ctx, s.Name, decision)).To(HaveField("Gates", ConsistOf(
				HaveField("Name", "evaluate.one"), HaveField("Name", "migrate.one"),
			)))
			object := f.gateObject(ctx, "evaluate.one")
			Expect(phaseOf(object)).To(Equal("Approved"))
			Expect(object.GetAnnotations()).To(HaveKeyWithValue("argoservice.opensearch.org/decision", And(
				ContainSubstring(`"by":"ann@example.com"`), ContainSubstring(`"message":"looks right"`), ContainSubstring(s.Name),
			)))
			Expect(f.Client.Approve(ctx, s.Name, decision)).To(HaveField("Gates", BeEmpty()), "it was made before")
			f.succeeded(ctx, s.Name)
			Expect(f.Client.Approve(ctx, s.Name, decision)).To(HaveField("Gates", BeEmpty()), "also before the end")
			Expect(f.Client.Gates(ctx, s.Name)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("are rejected, if the policy says how", func(ctx SpecContext) {
			f := fixture.withObjectGates(ctx, "Denied")
			argotest.CreateApprovalGate(ctx, f.gateObjects(), "migrate.one", "Initialized")
			s := f.startUntil(ctx, oneObjectGate, workflow.AtGate("migrate.one"))
			decision := workflow.Decision{Gates: []string{"migrate.one"}}
			Expect(f.Client.Reject(ctx, s.Name, decision)).To(HaveField("Gates", HaveLen(1)))
			Expect(phaseOf(f.gateObject(ctx, "migrate.one"))).To(Equal("Denied"))
			s = f.wait(ctx, s.Name, workflow.Completed)
			Expect(s.Outcome()).To(Equal(status.OutcomeFailed))
			Expect(f.Client.Reject(ctx, s.Name, decision)).To(HaveField("Gates", BeEmpty()))
			_, err := f.Client.Approve(ctx, s.Name, decision)
			expectError(err, workflow.ErrCompleted, workflow.OpApprove, s.Name)
			var ended *workflow.CompletedError
			Expect(errors.As(err, &ended)).To(BeTrue())
			Expect(ended.Gates).To(HaveExactElements(And(HaveField("Name", "migrate.one"), HaveField("Phase", status.NodeFailed))))
		}, SpecTimeout(specTimeout))

		It("cannot be decided twice, and end with a stop", func(ctx SpecContext) {
			f := fixture.withObjectGates(ctx, "")
			argotest.CreateApprovalGate(ctx, f.gateObjects(), "migrate.one", "Error")
			s := f.startUntil(ctx, oneObjectGate, workflow.Suspended)
			version := f.gateObject(ctx, "migrate.one").GetResourceVersion()
			_, err := f.Client.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"migrate.one"}})
			text := expectError(err, workflow.ErrNotSuspended, workflow.OpApprove, s.Name)
			Expect(text).To(ContainSubstring(`status.phase of the ApprovalGate migrate.one is "Error"`))
			Expect(f.gateObject(ctx, "migrate.one").GetResourceVersion()).To(Equal(version), "nothing was written")

			Expect(f.Client.Stop(ctx, s.Name, workflow.StopOptions{})).To(Succeed())
			Expect(f.wait(ctx, s.Name, workflow.Completed).Outcome()).To(Equal(status.OutcomeStopped))
			Expect(f.Client.Gates(ctx, s.Name)).To(BeEmpty())
		}, SpecTimeout(specTimeout))

		It("are listed even if they cannot be decided, and are no gates without a policy", func(ctx SpecContext) {
			f := fixture.withObjectGates(ctx, "")
			argotest.CreateApprovalGate(ctx, f.gateObjects(), "evaluate.one", "Pending")
			policy := workflow.ApprovalGates()
			policy.NameParameter = ""
			blind := f.WithGates(policy)
			shared := f.template(ctx, waitForApproval)
			s := f.startUntil(ctx, `
  templates:
  - name: main
    steps:
    - - {name: check, templateRef: {name: `+shared+`, template: waitforuserapproval}, arguments: {parameters: [{name: resourceName, value: evaluate.one}]}}
`, workflow.AtGate("evaluate.one"))
			Expect(blind.Gates(ctx, s.Name)).To(HaveExactElements(And(
				HaveField("Name", "check"), HaveField("Object.Problem", ContainSubstring("takes the name from an expression")),
			)))
			_, err := blind.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"check"}})
			text := expectError(err, workflow.ErrUnsupported, workflow.OpApprove, s.Name)
			Expect(text).To(ContainSubstring("GatePolicy.NameParameter"))

			Expect(fixture.Client.Gates(ctx, s.Name)).To(BeEmpty())
			Expect(fixture.Client.Get(ctx, s.Name)).To(HaveField("Outcome()", status.OutcomeRunning))
			must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true}))
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))
	})
}
