package conformance

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// pauses is a template that others refer to; it calls another one of its own.
const pauses = `
  templates:
  - name: main
    inputs: {parameters: [{name: for}]}
    steps:
    - - {name: within, template: pause, arguments: {parameters: [{name: for, value: "{{inputs.parameters.for}}"}]}}
  - name: pause
    inputs: {parameters: [{name: for}]}
    suspend: {duration: "{{inputs.parameters.for}}"}
`

// delaysAndGates has every form of a delay, first beside a gate and then between gates. It refers to
// the two templates of pauses.
const delaysAndGates = `
  arguments: {parameters: [{name: for, value: 1h}]}
  templates:
  - name: main
    steps:
    - - {name: approve, template: approval}
      - {name: here, template: pause, arguments: {parameters: [{name: for, value: "3600"}]}}
      - {name: of-workflow, template: pause-of-workflow}
      - {name: inline, inline: {suspend: {duration: 60m}}}
      - {name: there, templateRef: {name: NAMESPACED, template: main}, arguments: {parameters: [{name: for, value: 1h}]}}
      - {name: cluster, templateRef: {name: CLUSTER, template: pause, clusterScope: true}, arguments: {parameters: [{name: for, value: 1h}]}}
      - {name: in-time, template: approval-in-time}
    - - {name: cool-down, template: pause, arguments: {parameters: [{name: for, value: 3s}]}}
    - - {name: confirm, template: approval}
  - name: approval
    suspend: {}
  - name: approval-in-time
    suspend: {duration: 1h}
    outputs: {parameters: [{name: by, valueFrom: {supplied: {}, default: nobody}}]}
  - name: pause
    inputs: {parameters: [{name: for}]}
    suspend: {duration: "{{inputs.parameters.for}}"}
  - name: pause-of-workflow
    suspend: {duration: "{{workflow.parameters.for}}"}
`

// intermediate asks for values with Argo's intermediate parameters.
const intermediate = `
  templates:
  - name: main
    steps:
    - - name: approve
        template: approval
        arguments: {parameters: [{name: database, value: '{"enum": ["db1", "db2"]}'}]}
  - name: approval
    inputs:
      parameters:
      - {name: approve, default: "NO", enum: ["YES", "NO"], description: "Deploy to production?"}
      - {name: database}
    suspend: {}
    outputs:
      parameters:
      - {name: approve, valueFrom: {supplied: {}}}
      - {name: database, valueFrom: {supplied: {}}}
`

func describeDelays(f *Fixture) {
	for _, from := range []string{"a template", "a manifest"} {
		Describe("Delays of "+from, func() {
			It("are not gates", Label(NeedsClusterTemplates), func(ctx SpecContext) {
				spec := strings.NewReplacer("NAMESPACED", f.template(ctx, pauses), "CLUSTER", f.clusterTemplate(ctx, pauses)).
					Replace(delaysAndGates)
				req := workflow.StartRequest{Manifest: []byte(templateHead("Workflow") + spec)}
				if from == "a template" {
					req = workflow.StartRequest{Template: f.template(ctx, spec)}
				}
				s := f.wait(ctx, f.start(ctx, req).Name, func(s *status.WorkflowStatus) (bool, error) {
					return len(s.SuspendedNodes()) == 2 && len(s.DelayedNodes()) == 5, s.Err()
				})
				Expect(displayNames(s.SuspendedNodes())).To(ConsistOf("approve", "in-time"))
				Expect(displayNames(s.DelayedNodes())).To(ConsistOf("here", "of-workflow", "inline", "within", "cluster"))
				for _, n := range s.DelayedNodes() {
					Expect(n.Until()).To(BeTemporally("==", n.StartTime.Add(time.Hour)), n.DisplayName)
				}

				approve := s.SuspendedNodes()
				decided := must(f.Client.Approve(ctx, s.Name, workflow.Decision{All: true}))
				Expect(decided.Gates).To(ConsistOf(HaveField("Name", "approve"), HaveField("Name", "in-time")))

				s = must(f.Client.Get(ctx, s.Name))
				Expect(s.Outcome()).To(Equal(status.OutcomeRunning))
				suspended := workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}
				Expect(collect(f.Client.List(ctx, suspended))).NotTo(ContainElement(HaveField("Name", s.Name)))
				_, err := f.Client.Reject(ctx, s.Name, workflow.Decision{Gates: []string{approve[0].ID}})
				told := expectError(err, workflow.ErrNotSuspended, workflow.OpReject, s.Name)
				Expect(told).To(ContainSubstring("is Succeeded since"))
				for _, decision := range []workflow.Decision{{Selector: "displayName=here"}, {Gates: []string{"her*"}}} {
					_, err = f.Client.Reject(ctx, s.Name, decision)
					told = expectError(err, workflow.ErrNotSuspended, workflow.OpReject, s.Name)
					Expect(told).To(ContainSubstring(`"here" is a delay, which passes by itself at `))
				}
				Expect(f.Client.Gates(ctx, s.Name)).To(BeEmpty())

				decided = must(f.Client.Approve(ctx, s.Name, workflow.Decision{Gates: []string{"here"}}))
				Expect(decided.Gates).To(HaveExactElements(And(HaveField("Name", "here"), HaveField("Until", Not(BeZero())))))
				result := must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
				Expect(result.Gates).To(BeEmpty())
				Expect(result.Delays).To(ConsistOf(
					HaveField("Name", "of-workflow"), HaveField("Name", "inline"), HaveField("Name", "within"), HaveField("Name", "cluster")))

				// Between the two gates there are only delays.
				s = f.wait(ctx, s.Name, workflow.Suspended)
				Expect(displayNames(s.SuspendedNodes())).To(HaveExactElements("confirm"))
				Expect(s.DelayedNodes()).To(BeEmpty())
				Expect(s.Nodes).To(ContainElement(And(HaveField("DisplayName", "cool-down"), HaveField("Phase", status.NodeSucceeded))))
			}, SpecTimeout(specTimeout))
		})
	}

	Describe("Intermediate parameters", func() {
		It("are checked and defaulted", func(ctx SpecContext) {
			s := f.startUntil(ctx, intermediate, workflow.Suspended)
			Expect(s.SuspendedNodes()[0].AwaitedOutputs()).To(HaveExactElements(
				status.Parameter{
					Name: "approve", Supplied: true, Enum: []string{"YES", "NO"}, Default: "NO", HasDefault: true, Description: "Deploy to production?",
				},
				status.Parameter{Name: "database", Supplied: true, Enum: []string{"db1", "db2"}, Default: "db1", HasDefault: true},
			))
			_, err := f.Client.Approve(ctx, s.Name, workflow.Decision{All: true, Outputs: map[string]any{"approve": "perhaps", "database": "db2"}})
			told := expectError(err, workflow.ErrInvalid, workflow.OpApprove, s.Name)
			Expect(told).To(And(ContainSubstring("[YES NO]"), Not(ContainSubstring("perhaps"))))

			decision := workflow.Decision{All: true, Outputs: map[string]any{"database": "db2"}}
			result := must(f.Client.Approve(ctx, s.Name, decision))
			s = f.succeeded(ctx, s.Name)
			for name, want := range map[string]string{"approve": "NO", "database": "db2"} {
				value, _ := s.Node(result.Gates[0].ID).Outputs().Parameter(name)
				Expect(value).To(Equal(want))
			}
		}, SpecTimeout(specTimeout))
	})
}

func displayNames(nodes []*status.Node) []string {
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.DisplayName
	}
	return names
}
