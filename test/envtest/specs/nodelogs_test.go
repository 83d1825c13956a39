package specs_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// printing starts a workflow of one pod that prints lines.
func (s *nodeScene) printing(ctx context.Context, lines int, every time.Duration) string {
	GinkgoHelper()
	return argotest.Create(ctx, argotest.Workflows(dyn, s.namespace), oneTemplate(fmt.Sprintf(
		`container: {image: any, command: [pod, print, "%d", %s]}`, lines, every)))
}

// follow follows the main container to its end, and returns the lines of its program. It counts them in
// arrived as they come.
func (s *nodeScene) follow(ctx context.Context, name string, arrived *atomic.Int64) []string {
	GinkgoHelper()
	var lines []string
	for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Follow: true, Containers: []string{"main"}}) {
		Expect(err).NotTo(HaveOccurred())
		if strings.HasPrefix(line.Text, "line ") {
			lines = append(lines, line.Text)
			arrived.Add(1)
		}
	}
	return lines
}

// printed returns the lines that pod print prints.
func printedLines(n int) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf("line %d %s", i, strings.Repeat("x", 200))
	}
	return lines
}

var _ = Describe("logs on a real node", labelNode, func() {
	var s *nodeScene
	BeforeEach(func(ctx SpecContext) { s = newNodeScene(ctx) }, NodeTimeout(specTimeout))

	It("are read of init containers and sidecars, too", func(ctx SpecContext) {
		name := argotest.Create(ctx, argotest.Workflows(dyn, s.namespace), oneTemplate(`
initContainers: [{name: prepare, image: any, command: [pod, print, "2", 0s]}]
sidecars: [{name: helper, image: any, command: [pod, stay]}]
container: {image: any, command: [pod, print, "3", 10ms]}
`))
		followed := map[string][]string{}
		for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Follow: true}) {
			Expect(err).NotTo(HaveOccurred())
			Expect(line.Time).NotTo(BeZero(), line.Text)
			followed[line.Container] = append(followed[line.Container], line.Text)
		}
		Expect(s.ends(ctx, name).Err()).To(MatchError(ContainSubstring("helper: Error (exit code 7)")), "as a sidecar that ends badly")
		Expect(followed["prepare"]).To(ContainElements(printedLines(2)))
		Expect(followed["main"]).To(ContainElements(printedLines(3)))
		Expect(followed["helper"]).To(ContainElements("staying", "got terminated"))
		Expect(followed).To(And(HaveKey("init"), HaveKey("wait")), "Argo's own")
		written := map[string][]string{}
		for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{}) {
			Expect(err).NotTo(HaveOccurred())
			written[line.Container] = append(written[line.Container], line.Text)
		}
		Expect(written).To(Equal(followed))
	}, SpecTimeout(specTimeout))

	It("are followed over rotations without loss", func(ctx SpecContext) {
		const lines = 20_000 // of 0.2 KB; files are rotated at 1 MiB
		name := s.printing(ctx, lines, 500*time.Microsecond)
		var arrived atomic.Int64
		got := s.follow(ctx, name, &arrived)
		Expect(len(got)).To(Equal(lines))
		Expect(got).To(Equal(printedLines(lines)))
		Expect(len(s.said(ctx, name))).To(BeNumerically("<", lines), "a kubelet serves only the newest file")
	}, SpecTimeout(startTimeout))

	It("are followed over restarts, and the previous instance is read by itself", func(ctx SpecContext) {
		name := argotest.Create(ctx, argotest.Workflows(dyn, s.namespace), oneTemplate("suspend: {}"))
		argotest.Create(ctx, dyn.Resource(appsResource("deployments")).Namespace(s.namespace), `
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker, workflows.argoproj.io/workflow: `+name+`}}
    spec: {containers: [{name: worker, image: any, command: [pod, exit, "1", gave up]}]}
`)
		instances := 0
		for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Follow: true, Containers: []string{"worker"}}) {
			Expect(err).NotTo(HaveOccurred())
			Expect(line.Text).To(Equal("gave up"))
			if instances++; instances == 3 {
				break
			}
		}
		// Until its next look at the pod, a kubelet takes for the previous instance the one that it has just removed.
		Eventually(ctx, shared.pods).WithArguments(s.namespace, "app=worker").Should(HaveExactElements(
			HaveField("Status.ContainerStatuses", HaveExactElements(And(
				HaveField("State.Waiting", Not(BeNil())), HaveField("LastTerminationState.Terminated", Not(BeNil())),
			)))))
		var previous []string
		for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Previous: true, Containers: []string{"worker"}}) {
			Expect(err).NotTo(HaveOccurred())
			previous = append(previous, line.Text)
		}
		Expect(previous).To(Equal([]string{"gave up"}))
	}, SpecTimeout(specTimeout))

	It("are read to their ends of pods that are collected as soon as they end", func(ctx SpecContext) {
		const lines = 300
		name := argotest.Create(ctx, argotest.Workflows(dyn, s.namespace), `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: collected-}
spec:
  entrypoint: main
  podGC: {strategy: OnPodCompletion, deleteDelayDuration: 0s}
  templates:
  - name: main
    container: {image: any, command: [pod, print, "`+fmt.Sprint(lines)+`", 10ms]}
`)
		var got []string
		var failed error
		for line, err := range s.client.Logs(ctx, name, workflow.LogOptions{Follow: true, Containers: []string{"main"}}) {
			if failed = err; err == nil && strings.HasPrefix(line.Text, "line ") {
				got = append(got, line.Text)
			}
		}
		if failed == nil {
			Expect(got).To(Equal(printedLines(lines)))
		} else { // the pod was deleted while its log was still read
			Expect(failed).To(MatchError(workflow.ErrLogsIncomplete))
			Expect(got).To(Equal(printedLines(len(got))))
		}
		Expect(s.ends(ctx, name).Err()).NotTo(HaveOccurred())
		Eventually(ctx, shared.pods).WithArguments(s.namespace, "").Should(BeEmpty())
		Expect(s.said(ctx, name)).To(BeEmpty(), "and no error is a line")
	}, SpecTimeout(specTimeout))

	It("end in an error, not in a line, if a kubelet has lost them", func(ctx SpecContext) {
		name := s.printing(ctx, 3, 0)
		s.ends(ctx, name)
		pods := must(shared.pods(ctx, s.namespace, ""))
		Expect(pods).To(HaveLen(1))
		folder := filepath.Join("/var/log/pods", strings.Join([]string{s.namespace, pods[0].Name, string(pods[0].UID)}, "_"), "main")
		Expect(os.RemoveAll(folder)).To(Succeed())
		impatient := must(workflow.NewForConfig(cluster.Config(), workflow.Options{Namespace: s.namespace, RetryFor: time.Second}))
		for _, options := range []workflow.LogOptions{{}, {Tail: new(int64(1))}, {Since: time.Hour}, {Follow: true}} {
			options.Containers = []string{"main"}
			var lines []string
			var failed error
			for line, err := range impatient.Logs(ctx, name, options) {
				if failed = err; err == nil {
					lines = append(lines, line.Text)
				}
			}
			Expect(lines).To(BeEmpty())
			Expect(failed).To(And(MatchError(workflow.ErrUnavailable), MatchError(ContainSubstring("no such file or directory"))))
		}
	}, SpecTimeout(specTimeout))

	// Serial, since only the first process can kill parts of the cluster.
	DescribeTable("are followed while a part of the node is away", Serial, func(ctx SpecContext, part envtest.Part) {
		const lines = 1000
		name := s.printing(ctx, lines, 30*time.Millisecond)
		var arrived atomic.Int64
		got := make(chan []string, 1)
		go func() {
			defer GinkgoRecover()
			got <- s.follow(ctx, name, &arrived)
		}()
		Eventually(ctx, arrived.Load).Should(BeNumerically(">", 0))
		Expect(owned.Kill(ctx, part)).To(Succeed())
		time.Sleep(5 * time.Second) // the fault lasts that long
		Expect(owned.Restart(ctx, part)).To(Succeed())
		Eventually(ctx, got).WithTimeout(specTimeout).Should(Receive(Equal(printedLines(lines))))
		Expect(s.ends(ctx, name).Err()).NotTo(HaveOccurred())
	},
		Entry("its kubelet", envtest.PartKubelet, SpecTimeout(startTimeout)),
		Entry("its container runtime", envtest.PartContainerd, SpecTimeout(startTimeout)),
	)

	It("are unavailable while the kubelet is away", Serial, func(ctx SpecContext) {
		name := s.printing(ctx, 3, 0)
		s.ends(ctx, name)
		Expect(owned.Kill(ctx, envtest.PartKubelet)).To(Succeed())
		impatient := must(workflow.NewForConfig(cluster.Config(), workflow.Options{Namespace: s.namespace, RetryFor: time.Second}))
		for _, err := range impatient.Logs(ctx, name, workflow.LogOptions{}) {
			Expect(err).To(MatchError(workflow.ErrUnavailable))
		}
		Expect(owned.Restart(ctx, envtest.PartKubelet)).To(Succeed())
		// At first the kubelet says that it has no such pod, which is what it says of one that was deleted.
		Eventually(ctx, func(g Gomega) {
			var lines []string
			for line, err := range impatient.Logs(ctx, name, workflow.LogOptions{Containers: []string{"main"}}) {
				g.Expect(err).NotTo(HaveOccurred())
				lines = append(lines, line.Text)
			}
			g.Expect(lines).To(ContainElements(printedLines(3)))
		}).Should(Succeed())
	}, SpecTimeout(specTimeout))
})
