package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

func describeIfExists(f *Fixture) {
	Describe("Start on a name that is taken", func() {
		It("refuses, reuses or replaces the workflow that has the name", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "n"}
			first := f.start(ctx, req)
			f.wait(ctx, "n", workflow.Suspended)
			req.IfExists = workflow.ExistsFail
			f.expectStartError(ctx, req, workflow.ErrAlreadyExists, "n")

			req.IfExists = workflow.ExistsReuse
			Expect(f.Client.Start(ctx, req)).To(And(HaveField("Found", true), HaveField("UID", first.UID)))

			req.IfExists = workflow.ExistsReplace
			dry := req
			dry.DryRun = true
			Expect(f.Client.Start(ctx, dry)).To(And(
				HaveField("Name", "n"), HaveField("Found", false), HaveField("Replaced", first.UID),
			))
			now := must(f.Client.Get(ctx, "n"))
			Expect(now.UID).To(Equal(first.UID))
			Expect(now.Shutdown).To(Equal(status.ShutdownNone), "a dry run changes nothing")

			second := must(f.Client.Start(ctx, req))
			Expect(second.Found).To(BeFalse())
			Expect(second.Replaced).To(Equal(first.UID))
			Expect(second.UID).NotTo(Equal(first.UID))
			Expect(f.wait(ctx, "n", workflow.Suspended).UID).To(Equal(second.UID))
		}, SpecTimeout(specTimeout))

		It("replaces a workflow with all that is left of it", Label(NeedsPods), func(ctx SpecContext) {
			req := workflow.StartRequest{
				Template: f.template(ctx, onePod), Name: "n", Parameters: map[string]any{"message": "old"}, IfExists: workflow.ExistsReplace,
			}
			first := must(f.Client.Start(ctx, req))
			Expect(first.Replaced).To(BeEmpty())
			f.succeeded(ctx, "n")
			Expect(f.echoed(ctx, "n")).To(Equal("old"))

			req.Parameters["message"] = "new"
			Expect(f.Client.Start(ctx, req)).To(HaveField("Replaced", first.UID))
			f.succeeded(ctx, "n")
			Expect(f.echoed(ctx, "n")).To(Equal("new"))
		}, SpecTimeout(specTimeout))

		It("waits until the task set of the old workflow is deleted", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "n", IfExists: workflow.ExistsReplace}
			first := f.start(ctx, req)
			// As the controller creates it for a step that the agent runs, and with a finalizer.
			taskSets := f.Admin.Resource(argotest.Resource("workflowtasksets")).Namespace(f.Namespace)
			argotest.Create(ctx, taskSets, fmt.Sprintf(`{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTaskSet, spec: {}, metadata: {name: "n",
				finalizers: [argoservice.test/held], ownerReferences: [
				{apiVersion: argoproj.io/v1alpha1, kind: Workflow, name: "n", uid: %s}]}}`, first.UID))
			longEnough(ctx, 5*time.Second, func(short context.Context) bool {
				_, err := f.Client.Start(short, req)
				Expect(err).To(MatchError(context.DeadlineExceeded))
				var failed *workflow.ReplacementError
				if errors.As(err, &failed) {
					Expect(failed.Replaced).To(Equal(first.UID))
				}
				return strings.Contains(err.Error(), "task set n still exists")
			})
			err := errorOf(f.workflows().Get(ctx, "n", metav1.GetOptions{}))
			Expect(apierrors.IsNotFound(err)).To(BeTrue(), "the new workflow is not created yet: %v", err)
			release := []byte(`{"metadata":{"finalizers":null}}`)
			must(taskSets.Patch(ctx, "n", types.MergePatchType, release, metav1.PatchOptions{}))
			f.start(ctx, req)
			f.wait(ctx, "n", workflow.Suspended)
		}, SpecTimeout(specTimeout))

		It("replaces a workflow that uses up a quota", Label(NeedsQuotas), func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "n"}
			first := f.start(ctx, req)
			quotas := f.Admin.Resource(schema.GroupVersionResource{Version: "v1", Resource: "resourcequotas"}).Namespace(f.Namespace)
			argotest.Create(ctx, quotas, `{apiVersion: v1, kind: ResourceQuota, metadata: {name: one}, spec: {hard: {count/workflows.argoproj.io: "1"}}}`)
			Eventually(ctx, func(g Gomega) { // a controller counts what there is
				quota, err := quotas.Get(ctx, "one", metav1.GetOptions{})
				g.Expect(err).NotTo(HaveOccurred())
				used, _, err := unstructured.NestedString(quota.Object, "status", "used", "count/workflows.argoproj.io")
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(used).To(Equal("1"))
			}).WithTimeout(specTimeout).Should(Succeed())
			another := argotest.Object("{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: another}, spec: {}}")
			Eventually(ctx, func() error { // the API server reads the quota from a cache
				_, err := f.workflows().Create(ctx, another, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
				return err
			}).WithTimeout(specTimeout).Should(MatchError(ContainSubstring("exceeded quota")), "the quota also applies to dry runs")

			req.IfExists = workflow.ExistsReplace
			dry := req
			dry.DryRun = true
			Expect(f.Client.Start(ctx, dry)).To(And(HaveField("Name", "n"), HaveField("Replaced", first.UID)))
			Expect(f.Client.Start(ctx, req)).To(HaveField("Replaced", first.UID))
		}, SpecTimeout(specTimeout))

		It("replaces what a CronWorkflow has started under another controller", func(ctx SpecContext) {
			argotest.Create(ctx, f.Admin.Resource(argotest.Resource("cronworkflows")).Namespace(f.Namespace),
				strings.Replace(cron, "name: nightly", "name: nightly, labels: {workflows.argoproj.io/controller-instanceid: another}", 1))
			req := workflow.StartRequest{CronWorkflow: "nightly", Name: "n"}
			first := f.start(ctx, req)
			req.IfExists = workflow.ExistsReuse
			Expect(f.start(ctx, req).UID).To(Equal(first.UID))
			req.IfExists = workflow.ExistsReplace
			Expect(f.Client.Start(ctx, req)).To(HaveField("Replaced", first.UID))

			req = workflow.StartRequest{Template: f.template(ctx, gate), Name: "n", IfExists: workflow.ExistsReplace}
			Expect(f.expectStartError(ctx, req, workflow.ErrAlreadyExists, "n")).To(ContainSubstring(`"another"`))
		}, SpecTimeout(specTimeout))

		It("reuses no workflow for a key that is in use under another name", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "n"}
			f.start(ctx, req)
			keyed := req
			keyed.Name, keyed.IdempotencyKey = "m", "k"
			f.start(ctx, keyed)
			keyed.Name, keyed.IfExists = "n", workflow.ExistsReuse
			Expect(f.expectStartError(ctx, keyed, workflow.ErrIdempotencyMismatch, "n")).To(ContainSubstring("workflow m"))
		}, SpecTimeout(specTimeout))

		It("finds the workflow of the same key and request, whatever the policy", func(ctx SpecContext) {
			req := workflow.StartRequest{
				Template: f.template(ctx, gate), Name: "n", IdempotencyKey: "k", IfExists: workflow.ExistsReplace,
			}
			first := f.start(ctx, req)
			for _, policy := range []workflow.ExistsPolicy{"", workflow.ExistsFail, workflow.ExistsReuse, workflow.ExistsReplace} {
				req.IfExists = policy
				found := And(HaveField("Found", true), HaveField("UID", first.UID))
				Expect(f.Client.Start(ctx, req)).To(found, string(policy))
			}
			changed := req
			changed.Labels, changed.IfExists = map[string]string{"a": "b"}, workflow.ExistsFail
			f.expectStartError(ctx, changed, workflow.ErrIdempotencyMismatch, "n")
			changed.IfExists = workflow.ExistsReuse
			Expect(f.start(ctx, changed).UID).To(Equal(first.UID))
			changed.IfExists = workflow.ExistsReplace
			Expect(f.start(ctx, changed).UID).NotTo(Equal(first.UID))
			req.IfExists = workflow.ExistsFail
			f.expectStartError(ctx, req, workflow.ErrIdempotencyMismatch, "n")
		}, SpecTimeout(specTimeout))

		It("lets one of several replacements win, which the others leave alone", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: f.template(ctx, gate), Name: "n", IfExists: workflow.ExistsReplace}
			first := f.start(ctx, req)
			const callers = 4
			results := make(chan workflow.Result[*workflow.StartResult], callers)
			for i := range callers {
				go func(ctx context.Context, req workflow.StartRequest) {
					req.IdempotencyKey = fmt.Sprint("k", i)
					results <- workflow.ResultOf(f.Client.Start(ctx, req))
				}(ctx, req)
			}
			// A call that begins after another one has created its workflow replaces that.
			started, replaced := map[types.UID]bool{}, map[types.UID]bool{}
			for range callers {
				s, err := (<-results).Unwrap()
				if err != nil {
					expectError(err, workflow.ErrAlreadyExists, workflow.OpStart, "n")
					continue
				}
				Expect(replaced).NotTo(HaveKey(s.Replaced), "each workflow is replaced once")
				started[s.UID], replaced[s.Replaced] = true, true
			}
			Expect(replaced).To(HaveKey(first.UID))
			now := must(f.Client.Get(ctx, "n"))
			Expect(now.Shutdown).To(Equal(status.ShutdownNone))
			for uid := range started {
				Expect(replaced[uid]).To(Equal(uid != now.UID), "all but the last one were replaced")
			}
		}, SpecTimeout(specTimeout))

		It("has no policy for a name that is not given", func(ctx SpecContext) {
			for _, req := range []workflow.StartRequest{
				{Template: "any", IdempotencyKey: "k", IfExists: workflow.ExistsReplace},
				{Template: "any", IfExists: workflow.ExistsReuse},
			} {
				Expect(f.expectStartError(ctx, req, workflow.ErrInvalid, "")).To(ContainSubstring("ifExists:"))
			}
		}, SpecTimeout(specTimeout))
	})
}
