package conformance

import (
	"context"
	"errors"
	"iter"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeLogs(f *Fixture) {
	Describe("Logs", Label(NeedsLogs, NeedsPods), func() {
		BeforeEach(func() {
			if f.WriteLog == nil {
				Skip("WriteLog is not set")
			}
		})

		It("merges the logs, each line with its pod, container and node", func(ctx SpecContext) {
			s := f.startUntil(ctx, twoPods, workflow.Completed)
			left, right := f.podOf(ctx, s, "left"), f.podOf(ctx, s, "right")
			f.WriteLog(ctx, left, "main", "1 left", "2 left")
			f.WriteLog(ctx, right, "main", "3 right")
			f.WriteLog(ctx, left, "wait", "4 left, waiting")
			f.WriteLog(ctx, right, "main", "", "  5 right\r")

			read := func(opts workflow.LogOptions) []workflow.LogLine {
				GinkgoHelper()
				return collect(f.written(f.Client.Logs(ctx, s.Name, opts)))
			}
			all := read(workflow.LogOptions{})
			Expect(texts(all)).To(Equal([]string{"1 left", "2 left", "3 right", "4 left, waiting", "", "  5 right\r"}))
			node := s.Select(must(status.ParseNodeSelector("displayName=left")))[0]
			for i, at := range []struct{ pod, container string }{
				{left, "main"}, {left, "main"}, {right, "main"}, {left, "wait"}, {right, "main"}, {right, "main"},
			} {
				Expect(all[i]).To(And(HaveField("Pod", at.pod), HaveField("Container", at.container)), all[i].Text)
				Expect(all[i].NodeID == node.ID).To(Equal(at.pod == left))
				Expect(all[i].Time).To(BeTemporally("~", time.Now(), specTimeout))
				if i > 0 {
					Expect(all[i].Time).To(BeTemporally(">", all[i-1].Time))
				}
			}
			Expect(all[0].Node).To(Equal("left"))
			Expect(all[2].Node).To(Equal("right"))

			By("leaving out containers that were not selected")
			Expect(texts(read(workflow.LogOptions{Selector: "displayName=right"}))).To(Equal([]string{"3 right", "", "  5 right\r"}))
			for _, nothing := range []workflow.LogOptions{{Selector: "displayName=middle"}, {Containers: []string{"nain"}}} {
				for _, err := range f.Client.Logs(ctx, s.Name, nothing) {
					expectError(err, workflow.ErrInvalid, workflow.OpLogs, s.Name)
				}
			}
			Expect(texts(read(workflow.LogOptions{Containers: []string{"wait"}}))).To(Equal([]string{"4 left, waiting"}))
			Expect(texts(read(workflow.LogOptions{Tail: new(int64(1))}))).To(Equal([]string{"2 left", "4 left, waiting", "  5 right\r"}))
			Expect(read(workflow.LogOptions{Tail: new(int64(0))})).To(BeEmpty())
			Expect(texts(read(workflow.LogOptions{SinceTime: all[2].Time}))).To(Equal([]string{"3 right", "4 left, waiting", "", "  5 right\r"}))
			Expect(read(workflow.LogOptions{Since: time.Nanosecond})).To(BeEmpty())
			Expect(read(workflow.LogOptions{Since: time.Hour})).To(HaveLen(6))
			if !f.Noisy {
				Expect(texts(read(workflow.LogOptions{LimitBytes: int64(len("1 left\n"))}))).To(Equal([]string{"1 left"}),
					"the first lines of the others are longer")
			}
			Expect(read(workflow.LogOptions{UID: s.UID})).To(HaveLen(6))

			By("following an ended workflow")
			Expect(read(workflow.LogOptions{Follow: true})).To(HaveLen(6))
		}, SpecTimeout(specTimeout))

		It("follows new pods until the workflow ends", func(ctx SpecContext) {
			s := f.startUntil(ctx, podGatePod, workflow.Suspended)
			first := f.podOf(ctx, s, "first")
			f.WriteLog(ctx, first, "main", "written before")
			var seen []string
			for line, err := range f.written(f.Client.Logs(ctx, s.Name, workflow.LogOptions{Follow: true, Tail: new(int64(1))})) {
				Expect(err).NotTo(HaveOccurred())
				seen = append(seen, line.Node+": "+line.Text)
				switch line.Text {
				case "written before":
					must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
					f.WriteLog(ctx, f.podOf(ctx, s, "second"), "main", "from a later pod", "with a second line")
				case "with a second line":
					f.WriteLog(ctx, line.Pod, "main", "written while it is followed")
				case "written while it is followed":
					f.endPod(ctx, line.Pod)
				}
			}
			Expect(seen).To(Equal([]string{
				"first: written before", "second: from a later pod", "second: with a second line", "second: written while it is followed",
			}))
			f.succeeded(ctx, s.Name)
		}, SpecTimeout(specTimeout))

		It("follows only the selected nodes", func(ctx SpecContext) {
			s := f.startUntil(ctx, podGatePod, workflow.Suspended)
			f.WriteLog(ctx, f.podOf(ctx, s, "first"), "main", "not this")
			resumed := make(chan string, 1)
			go func() {
				defer GinkgoRecover()
				must(f.Client.Resume(ctx, s.Name, workflow.ResumeOptions{}))
				pod := f.podOf(ctx, s, "second")
				f.WriteLog(ctx, pod, "main", "this")
				f.endPod(ctx, pod)
				resumed <- pod
			}()
			lines := collect(f.written(f.Client.Logs(ctx, s.Name, workflow.LogOptions{Follow: true, Selector: "displayName=second"})))
			Expect(texts(lines)).To(Equal([]string{"this"}))
			Expect(resumed).To(Receive(Equal(lines[0].Pod)))
		}, SpecTimeout(specTimeout))

		It("ends when the workflow is deleted", func(ctx SpecContext) {
			s := f.startUntil(ctx, podGatePod, workflow.Suspended)
			f.WriteLog(ctx, f.podOf(ctx, s, "first"), "main", "the only line")
			var seen []string
			var failed error
			for line, err := range f.written(f.Client.Logs(ctx, s.Name, workflow.LogOptions{Follow: true})) {
				if failed = err; err != nil {
					continue
				}
				seen = append(seen, line.Text)
				background := metav1.DeletePropagationBackground
				Expect(f.workflows().Delete(ctx, s.Name, metav1.DeleteOptions{PropagationPolicy: &background})).To(Succeed())
			}
			Expect(seen).To(Equal([]string{"the only line"}))
			expectError(failed, workflow.ErrDeleted, workflow.OpLogs, s.Name)
		}, SpecTimeout(specTimeout))

		It("ends with its context, and can be left early", func(ctx SpecContext) {
			s := f.startUntil(ctx, podGatePod, workflow.Suspended)
			f.WriteLog(ctx, f.podOf(ctx, s, "first"), "main", "a", "b")
			for line, err := range f.written(f.Client.Logs(ctx, s.Name, workflow.LogOptions{Follow: true})) {
				Expect(err).NotTo(HaveOccurred())
				Expect(line.Text).To(Equal("a"))
				break
			}
			var failed []error
			var waited *workflow.WaitError
			longEnough(ctx, time.Second, func(short context.Context) bool {
				failed = nil
				for _, err := range f.Client.Logs(short, s.Name, workflow.LogOptions{Follow: true}) {
					if err != nil {
						failed = append(failed, err)
					}
				}
				return len(failed) > 0 && errors.As(failed[0], &waited) && waited.Last != nil
			})
			Expect(failed).To(HaveLen(1))
			expectError(failed[0], context.DeadlineExceeded, workflow.OpLogs, s.Name)
			Expect(waited.Last.Suspended()).To(BeTrue())
		}, SpecTimeout(specTimeout))

		It("refuses bad input, naming every problem", func(ctx SpecContext) {
			err := onlyError(f.Client.Logs(ctx, "a/b", workflow.LogOptions{
				Follow: true, Previous: true, Selector: "shape=round", Containers: []string{"main", "No Name"},
				Since: -time.Second, SinceTime: time.Now(), Tail: new(int64(-1)), LimitBytes: -1,
			}))
			expectError(err, workflow.ErrInvalid, workflow.OpLogs, "a/b")
			var invalid *workflow.InvalidError
			Expect(errors.As(err, &invalid)).To(BeTrue())
			var fields []string
			for _, problem := range invalid.Problems {
				fields = append(fields, problem.Field)
			}
			Expect(fields).To(ContainElements("name", "selector", "containers[1]", "since", "tail", "limitBytes", "previous"))
		}, SpecTimeout(specTimeout))

		It("reports a missing workflow and a denied request", Label(NeedsAccounts), func(ctx SpecContext) {
			expectError(onlyError(f.Client.Logs(ctx, "nobody", workflow.LogOptions{})), workflow.ErrNotFound, workflow.OpLogs, "nobody")

			s := f.startUntil(ctx, podGatePod, workflow.Suspended)
			f.WriteLog(ctx, f.podOf(ctx, s, "first"), "main", "secret")
			expectError(onlyError(f.Client.Logs(ctx, s.Name, workflow.LogOptions{UID: "another"})), workflow.ErrReplaced, workflow.OpLogs, s.Name)

			expectError(onlyError(f.Restricted(ctx, nil).Logs(ctx, s.Name, workflow.LogOptions{})), workflow.ErrForbidden, workflow.OpLogs, s.Name)
			allowed := map[string][]string{"workflows": {"get", "watch"}, "pods": {"list", "watch"}}
			blind := f.reader(ctx, s.Name, allowed)
			for _, follow := range []bool{false, true} {
				err := onlyError(blind.Logs(ctx, s.Name, workflow.LogOptions{Follow: follow}))
				Expect(expectError(err, workflow.ErrForbidden, workflow.OpLogs, s.Name)).To(ContainSubstring("pods/log"))
			}

			By("needing no more than the documented permissions")
			allowed["pods/log"] = []string{"get"}
			reader := f.Restricted(ctx, allowed)
			eventuallyAllowed(ctx, func() error { return firstError(reader.Logs(ctx, s.Name, workflow.LogOptions{})) })
			for line, err := range f.written(reader.Logs(ctx, s.Name, workflow.LogOptions{Follow: true})) {
				Expect(err).NotTo(HaveOccurred())
				Expect(line.Text).To(Equal("secret"))
				break
			}
		}, SpecTimeout(specTimeout))
	})
}

// podOf returns the name of a node's pod, once it exists.
func (f Fixture) podOf(ctx context.Context, s *status.WorkflowStatus, node string) string {
	GinkgoHelper()
	var name string
	Eventually(ctx, func(g Gomega) {
		now, err := f.Client.Get(ctx, s.Name)
		g.Expect(err).NotTo(HaveOccurred())
		nodes := now.Select(must(status.ParseNodeSelector("displayName=" + node)))
		g.Expect(nodes).To(HaveLen(1))
		list, err := f.pods().List(ctx, metav1.ListOptions{LabelSelector: "workflows.argoproj.io/workflow=" + s.Name})
		g.Expect(err).NotTo(HaveOccurred())
		name = ""
		for _, pod := range list.Items {
			if pod.GetAnnotations()["workflows.argoproj.io/node-id"] == nodes[0].ID {
				name = pod.GetName()
			}
		}
		g.Expect(name).NotTo(BeEmpty())
	}).WithTimeout(specTimeout).Should(Succeed())
	return name
}

// endPod ends a long-running pod.
func (f Fixture) endPod(ctx context.Context, name string) {
	GinkgoHelper()
	end := []byte(`{"metadata": {"annotations": {"envtest.argoservice/duration": "0s"}}}`)
	must(f.pods().Patch(ctx, name, types.MergePatchType, end, metav1.PatchOptions{}))
}

func texts(lines []workflow.LogLine) []string {
	var all []string
	for _, line := range lines {
		all = append(all, line.Text)
	}
	return all
}

func firstError(logs iter.Seq2[workflow.LogLine, error]) error {
	for _, err := range logs {
		if err != nil {
			return err
		}
	}
	return nil
}
