package specs_test

import (
	"context"
	"fmt"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// nodeScene is a spec's own namespace on a real node.
type nodeScene struct {
	namespace string
	client    *workflow.WorkflowClient
}

func newNodeScene(ctx context.Context) *nodeScene {
	GinkgoHelper()
	s := &nodeScene{namespace: newNamespace(ctx)}
	s.client = nativeClient(cluster.Config(), s.namespace)
	return s
}

// runs starts a workflow of one template and returns its state when it has ended.
func (s *nodeScene) runs(ctx context.Context, template string) *status.WorkflowStatus {
	GinkgoHelper()
	return s.ends(ctx, argotest.Create(ctx, argotest.Workflows(dyn, s.namespace), oneTemplate(template)))
}

func (s *nodeScene) ends(ctx context.Context, name string) *status.WorkflowStatus {
	GinkgoHelper()
	return must(s.client.Wait(ctx, name, workflow.Completed))
}

// said returns the lines of a workflow's main containers.
func (s *nodeScene) said(ctx context.Context, name string) []string {
	GinkgoHelper()
	var lines []string
	for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Containers: []string{"main"}}) {
		Expect(err).NotTo(HaveOccurred())
		lines = append(lines, line.Text)
	}
	return lines
}

// staying starts a workflow whose pod stays until it receives SIGTERM, and which has an exit handler, and
// returns when the program runs.
func (s *nodeScene) staying(ctx context.Context) string {
	GinkgoHelper()
	name := argotest.Create(ctx, argotest.Workflows(dyn, s.namespace), `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: staying-}
spec:
  entrypoint: main
  onExit: cleanup
  templates:
  - name: main
    container: {image: any, command: [pod, stay]}
  - name: cleanup
    container: {image: any, command: ["true"]}
`)
	Eventually(ctx, func() []string { return s.said(ctx, name) }).Should(ContainElement("staying"))
	return name
}

var _ = Describe("a real node", labelNode, func() {
	var s *nodeScene
	BeforeEach(func(ctx SpecContext) { s = newNodeScene(ctx) }, NodeTimeout(specTimeout))

	It("runs steps that write outputs, which later steps read", func(ctx SpecContext) {
		name := argotest.Create(ctx, argotest.Workflows(dyn, s.namespace), threeSteps)
		ended := s.ends(ctx, name)
		Expect(ended.Err()).NotTo(HaveOccurred())
		Expect(ended.Progress).To(Equal(status.Progress{Done: 3, Total: 3}))
		third := ended.Select(must(status.ParseNodeSelector("displayName=third")))[0]
		Expect(third.Outputs().Parameters).To(ConsistOf(HaveField("Value", "abc++")))
	}, SpecTimeout(specTimeout))

	It("reports exit codes, and messages of several lines on one", func(ctx SpecContext) {
		ended := s.runs(ctx, `container: {image: any, command: [pod, exit, "7", "disk full\nof logs\n"]}`)
		Expect(ended.Outcome()).To(Equal(status.OutcomeFailed))
		Expect(ended.Err()).To(MatchError(And(HaveSuffix(`main: Error (exit code 7): disk full\nof logs`), Not(ContainSubstring("\n")))))
		Expect(ended.FailedNodes()).To(HaveExactElements(HaveField("Message", ContainSubstring("disk full\nof logs"))))

		By("reading what the program printed, and what Argo's executor prints after it")
		said := s.said(ctx, ended.Name)
		Expect(said).To(ContainElements("disk full", "of logs", "Error: exit status 7"))
		var tail []string
		for line, err := range s.client.Logs(ctx, ended.Name, workflow.LogOptions{Containers: []string{"main"}, Tail: new(int64(2))}) {
			Expect(err).NotTo(HaveOccurred())
			tail = append(tail, line.Text)
		}
		Expect(tail).To(Equal(said[slices.Index(said, "disk full")+1:]), "the last two lines of the program, and what follows")
	}, SpecTimeout(specTimeout))

	It("kills what takes more memory than it may", func(ctx SpecContext) {
		ended := s.runs(ctx, `container: {image: any, command: [pod, eat], resources: {limits: {memory: 96Mi}}}`)
		Expect(ended.Outcome()).To(Equal(status.OutcomeFailed))
		Expect(ended.Err()).To(MatchError(MatchRegexp(`main: OOMKilled \(exit code 137\)`)))
		Expect(s.said(ctx, ended.Name)).To(ContainElement("taken 2"))
	}, SpecTimeout(specTimeout))

	It("ends what takes longer than its deadline", func(ctx SpecContext) {
		ended := s.runs(ctx, "activeDeadlineSeconds: 5\ncontainer: {image: any, command: [pod, stay]}")
		Expect(ended.Outcome()).To(Equal(status.OutcomeFailed))
		Expect(ended.Err()).To(MatchError(ContainSubstring("deadline")))
	}, SpecTimeout(specTimeout))

	DescribeTable("ends what runs by real signals", func(ctx SpecContext, end func(context.Context, *nodeScene, string) error, outcome status.Outcome, handled bool) {
		name := s.staying(ctx)
		var lines []string
		ending := make(chan error, 1)
		for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Follow: true, Containers: []string{"main"}}) {
			Expect(err).NotTo(HaveOccurred())
			if lines = append(lines, line.Text); line.Text == "staying" {
				ending <- end(ctx, s, name)
			}
		}
		Expect(ending).To(Receive(BeNil()))
		ended := s.ends(ctx, name)
		Expect(ended.Outcome()).To(Equal(outcome))
		Expect(lines).To(ContainElement("got terminated"))
		handler := ended.Select(must(status.ParseNodeSelector("displayName=" + name + ".onExit")))
		Expect(len(handler) == 1).To(Equal(handled))
	},
		Entry("Stop, after which its exit handler runs", func(ctx context.Context, s *nodeScene, name string) error {
			return s.client.Stop(ctx, name, workflow.StopOptions{})
		}, status.OutcomeStopped, true, SpecTimeout(specTimeout)),
		Entry("Terminate, without its exit handler", func(ctx context.Context, s *nodeScene, name string) error {
			return s.client.Terminate(ctx, name, workflow.TerminateOptions{})
		}, status.OutcomeTerminated, false, SpecTimeout(specTimeout)),
	)

	It("says why a pod doesn't start", func(ctx SpecContext) {
		name := argotest.Create(ctx, argotest.Workflows(dyn, s.namespace),
			oneTemplate(`container: {image: "registry.example/missing:1", command: ["true"]}`))
		Eventually(ctx, func() []*status.Node { return must(s.client.Get(ctx, name)).UnfinishedNodes() }).
			Should(ContainElement(HaveField("Message", MatchRegexp("(ErrImagePull|ImagePullBackOff)"))))
		for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Containers: []string{"main"}}) {
			Fail(fmt.Sprintf("a container that has not started has a log: %q, %v", line.Text, err))
		}
		Expect(s.client.Terminate(ctx, name, workflow.TerminateOptions{})).To(Succeed())
		Expect(s.ends(ctx, name).Outcome()).To(Equal(status.OutcomeTerminated))
	}, SpecTimeout(specTimeout))

	It("reports as the pod's service account", func(ctx SpecContext) {
		Expect(cluster.CreateServiceAccount(ctx, s.namespace, "mute")).To(Succeed())
		ended := s.runs(ctx, "serviceAccountName: mute\ncontainer: {image: any, command: [\"true\"]}")
		Expect(ended.Outcome()).To(Equal(status.OutcomeErrored))
		Expect(ended.Err()).To(MatchError(And(
			ContainSubstring("Error (exit code 64): "),
			ContainSubstring(`User "system:serviceaccount:`+s.namespace+`:mute" cannot create resource "workflowtaskresults"`),
		)))
	}, SpecTimeout(specTimeout))
})
