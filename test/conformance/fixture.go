package conformance

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// Fixture is what the specs need of an implementation and of its cluster.
type Fixture struct {
	// Client is the implementation, working in Namespace, with all permissions there.
	Client workflow.Interface
	// In returns the same implementation in another namespace.
	In func(namespace string) workflow.Interface
	// Namespace contains nothing of Argo's but what the running spec creates.
	Namespace string
	// Admin prepares the cluster, and inspects it independently of the client.
	Admin dynamic.Interface
	// Restricted returns an implementation that works in Namespace as a service account with only
	// these permissions: resource → verbs, the resources being Argo's, pods and pods/log.
	Restricted func(ctx context.Context, allowed map[string][]string) workflow.Interface
	// WithGates returns the same implementation, with these policies for gates. If nil, the specs for gates
	// that are decided in objects are skipped, which install a custom resource.
	WithGates func(policies ...workflow.GatePolicy) workflow.Interface
	// WriteLog makes a container of a pod in Namespace print lines, each at a later time than all
	// previous lines. The pod need not exist yet. If nil, the specs for logs are skipped.
	WriteLog func(ctx context.Context, pod, container string, lines ...string)
	// Image is the image of containers, which has a shell. If it is empty, the cluster's nodes run no
	// containers, and need no image.
	Image string
	// ServiceAccount is that of workflows' pods. It defaults to the namespace's default account.
	ServiceAccount string
	// Noisy says that containers also print lines that WriteLog has not written, as on a real node.
	Noisy bool

	wrote *sync.Map // the lines that WriteLog has written
}

// specTimeout is generous, for busy machines: on an idle one, a pod takes the controller up to ten
// seconds.
const specTimeout = 4 * time.Minute

// Specs registers the specs for one implementation. setup is called before each spec. It may call
// Skip, depending on the spec's labels, such as [NeedsPods].
func Specs(implementation string, setup func(ctx context.Context) Fixture) bool {
	return ginkgo.Describe("conformance of the "+implementation, func() {
		var f Fixture
		ginkgo.BeforeEach(func(ctx ginkgo.SpecContext) { f = setup(ctx).strict().listening() }, ginkgo.NodeTimeout(specTimeout))
		for _, describe := range []func(*Fixture){
			describeStart, describeIdempotency, describeIfExists, describeRead, describeWait, describeSources, describeList,
			describeVerbs, describeSuspend, describeResume, describeGates, describeObjectGates, describeDelays, describeStop, describeDelete,
			describeResubmit, describeLogs, describeRetry, describeRetryRefusals, describeSecrets, describeValues,
		} {
			describe(&f)
		}
	})
}

// listening returns a fixture that knows which lines WriteLog has written.
func (f Fixture) listening() Fixture {
	write, wrote := f.WriteLog, &sync.Map{}
	if f.wrote = wrote; write != nil {
		f.WriteLog = func(ctx context.Context, pod, container string, lines ...string) {
			ginkgo.GinkgoHelper()
			for _, line := range lines {
				wrote.Store(line, true)
			}
			write(ctx, pod, container, lines...)
		}
	}
	return f
}

// written yields the lines of a sequence that WriteLog has written, and its error.
func (f Fixture) written(logs iter.Seq2[workflow.LogLine, error]) iter.Seq2[workflow.LogLine, error] {
	return func(yield func(workflow.LogLine, error) bool) {
		for line, err := range logs {
			_, known := f.wrote.Load(line.Text)
			if (known || err != nil || !f.Noisy) && !yield(line, err) {
				return
			}
		}
	}
}

// workflows returns the administrator's client for workflows.
func (f Fixture) workflows() dynamic.ResourceInterface {
	return argotest.Workflows(f.Admin, f.Namespace)
}

// pods returns the administrator's client for pods.
func (f Fixture) pods() dynamic.ResourceInterface {
	return f.Admin.Resource(schema.GroupVersionResource{Version: "v1", Resource: "pods"}).Namespace(f.Namespace)
}

// podsOf returns the pods of a workflow.
func (f Fixture) podsOf(ctx context.Context, name string) []unstructured.Unstructured {
	ginkgo.GinkgoHelper()
	ofWorkflow := metav1.ListOptions{LabelSelector: "workflows.argoproj.io/workflow=" + name}
	return must(f.pods().List(ctx, ofWorkflow)).Items
}

// template creates a WorkflowTemplate with the entrypoint main and these other fields of its spec,
// and returns its name.
func (f Fixture) template(ctx context.Context, spec string) string {
	ginkgo.GinkgoHelper()
	head := templateHead("WorkflowTemplate")
	if f.ServiceAccount != "" {
		head += "  serviceAccountName: " + f.ServiceAccount + "\n"
	}
	name := argotest.Create(ctx, argotest.Templates(f.Admin, f.Namespace), head+f.fit(spec))
	f.awaitKnown(ctx, name, false)
	return name
}

// awaitKnown waits until the controller has received a template from its watch: it fails a workflow
// that arrives earlier. A suspended workflow shows this, and starts nothing.
func (f Fixture) awaitKnown(ctx context.Context, template string, clusterScope bool) {
	ginkgo.GinkgoHelper()
	ref := map[string]any{"name": template, "clusterScope": clusterScope}
	gomega.Eventually(ctx, func(g gomega.Gomega) {
		probe := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow",
			"metadata": map[string]any{"generateName": "probe-"},
			"spec":     map[string]any{"suspend": true, "workflowTemplateRef": ref},
		}}
		probe, err := f.workflows().Create(ctx, probe, metav1.CreateOptions{})
		g.Expect(err).NotTo(gomega.HaveOccurred())
		var seen *status.WorkflowStatus
		gomega.Eventually(ctx, func(g gomega.Gomega) {
			now, err := f.workflows().Get(ctx, probe.GetName(), metav1.GetOptions{})
			g.Expect(err).NotTo(gomega.HaveOccurred())
			seen, err = status.FromUnstructured(now)
			g.Expect(err).NotTo(gomega.HaveOccurred())
			g.Expect(seen.Phase).NotTo(gomega.BeEmpty())
		}).WithTimeout(specTimeout).WithPolling(20 * time.Millisecond).Should(gomega.Succeed())
		g.Expect(f.workflows().Delete(ctx, probe.GetName(), metav1.DeleteOptions{})).To(gomega.Succeed())
		g.Expect(seen.Message).NotTo(gomega.HaveSuffix("not found"))
	}).WithTimeout(specTimeout).Should(gomega.Succeed())
}

// clusterTemplate does the same with a ClusterWorkflowTemplate, until the end of the spec.
func (f Fixture) clusterTemplate(ctx context.Context, spec string) string {
	ginkgo.GinkgoHelper()
	declared(NeedsClusterTemplates)
	templates := f.Admin.Resource(argotest.Resource("clusterworkflowtemplates"))
	name := argotest.Create(ctx, templates, templateHead("ClusterWorkflowTemplate")+spec)
	ginkgo.DeferCleanup(func(ctx ginkgo.SpecContext) {
		gomega.Expect(templates.Delete(ctx, name, metav1.DeleteOptions{})).To(gomega.Succeed())
	}, ginkgo.NodeTimeout(specTimeout))
	f.awaitKnown(ctx, name, true)
	return name
}

// start starts a workflow, and expects success.
func (f Fixture) start(ctx context.Context, req workflow.StartRequest) *status.WorkflowStatus {
	ginkgo.GinkgoHelper()
	return must(f.Client.Start(ctx, req)).WorkflowStatus
}

// wait waits for a state, and expects success.
func (f Fixture) wait(ctx context.Context, name string, until workflow.Condition) *status.WorkflowStatus {
	ginkgo.GinkgoHelper()
	return must(f.Client.Wait(ctx, name, until))
}

// untilArchived waits for a workflow's end, and for the controller's last change, which says that the workflow
// is archived. Without an archive there is none.
func (f Fixture) untilArchived(ctx context.Context, name string) *status.WorkflowStatus {
	ginkgo.GinkgoHelper()
	s := f.wait(ctx, name, workflow.Completed)
	gomega.Eventually(ctx, func() map[string]string {
		s = must(f.Client.Get(ctx, name))
		return s.Labels
	}).ShouldNot(gomega.HaveKeyWithValue(argotest.ArchivingStatus, "Pending"))
	return s
}

// startUntil starts a workflow from a template with this spec, and waits for a state.
func (f Fixture) startUntil(ctx context.Context, spec string, until workflow.Condition) *status.WorkflowStatus {
	ginkgo.GinkgoHelper()
	return f.wait(ctx, f.start(ctx, workflow.StartRequest{Template: f.template(ctx, spec)}).Name, until)
}

// patch changes a workflow without using the client.
func (f Fixture) patch(ctx context.Context, name, patch string) {
	ginkgo.GinkgoHelper()
	must(f.workflows().Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{}))
}

// existing returns the workflows in the namespace.
func (f Fixture) existing(ctx context.Context) []unstructured.Unstructured {
	ginkgo.GinkgoHelper()
	return must(f.workflows().List(ctx, metav1.ListOptions{})).Items
}

// reader returns a client with only these permissions, as soon as it may get the workflow.
func (f Fixture) reader(ctx context.Context, name string, allowed map[string][]string) workflow.Interface {
	ginkgo.GinkgoHelper()
	client := f.Restricted(ctx, allowed)
	eventuallyAllowed(ctx, func() error { return errorOf(client.Get(ctx, name)) })
	return client
}

// must returns the result of a call, and expects success.
func must[T any](result T, err error) T {
	ginkgo.GinkgoHelper()
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return result
}

// errorOf returns the error of a call.
func errorOf[T any](_ T, err error) error { return err }

// collect returns what a sequence yields, and expects no error.
func collect[T any](sequence iter.Seq2[T, error]) []T {
	ginkgo.GinkgoHelper()
	var items []T
	for item, err := range sequence {
		items = append(items, must(item, err))
	}
	return items
}

// onlyError returns the error of a sequence that yields nothing else.
func onlyError[T any](sequence iter.Seq2[T, error]) error {
	ginkgo.GinkgoHelper()
	var all []error
	for item, err := range sequence {
		gomega.Expect(item).To(gomega.BeZero())
		all = append(all, err)
	}
	gomega.Expect(all).To(gomega.HaveLen(1))
	return all[0]
}

// ErrorEntry is the name of the report entries that contain the operation and its error, e.g. "get
// ErrNotFound". With them a suite can check that its documentation is complete.
const ErrorEntry = "error"

// expectError checks the properties of every error: it has the given kind, the one that this
// refines, and no other, and is an *Error with the operation and the workflow. It returns the message.
func expectError(err, kind error, op workflow.Op, name string) string {
	ginkgo.GinkgoHelper()
	gomega.Expect(err).To(gomega.MatchError(kind))
	for sentinel, other := range sentinels() {
		if errors.Is(kind, other) { // the kind itself, or the one that it refines
			ginkgo.AddReportEntry(ErrorEntry, string(op)+" "+sentinel, ginkgo.ReportEntryVisibilityNever)
		} else {
			gomega.Expect(err).NotTo(gomega.MatchError(other), "an error is of one kind, and the one that it refines")
		}
	}
	var e *workflow.Error
	gomega.Expect(errors.As(err, &e)).To(gomega.BeTrue(), "%T is not a *workflow.Error", err)
	gomega.Expect(e.Op).To(gomega.Equal(op))
	gomega.Expect(e.Name).To(gomega.Equal(name))
	gomega.Expect(e.Namespace).NotTo(gomega.BeEmpty())
	gomega.Expect(e.Backend).NotTo(gomega.BeEmpty())
	return err.Error()
}

// expectStartError expects a start to fail as [expectError] says, and returns the message.
func (f Fixture) expectStartError(ctx context.Context, req workflow.StartRequest, kind error, name string) string {
	ginkgo.GinkgoHelper()
	return expectError(errorOf(f.Client.Start(ctx, req)), kind, workflow.OpStart, name)
}

// eventuallyAllowed repeats a call until a permission that was just granted takes effect.
func eventuallyAllowed(ctx context.Context, call func() error) {
	ginkgo.GinkgoHelper()
	gomega.Eventually(ctx, func() bool { return apierrors.IsForbidden(call()) }).
		WithTimeout(specTimeout).Should(gomega.BeFalse())
}

// longEnough makes a call with a deadline, and repeats it with twice the time until the call could
// see what it needs before its end. With kubectl that takes seconds on a busy machine.
func longEnough(ctx context.Context, lasts time.Duration, call func(short context.Context) (saw bool)) {
	ginkgo.GinkgoHelper()
	for {
		short, cancel := context.WithTimeout(ctx, lasts)
		saw := call(short)
		cancel()
		if saw {
			return
		}
		gomega.Expect(ctx.Err()).NotTo(gomega.HaveOccurred(), "the call never saw it")
		lasts *= 2
	}
}

func sentinels() map[string]error {
	return map[string]error{
		"ErrNotFound":            workflow.ErrNotFound,
		"ErrAlreadyExists":       workflow.ErrAlreadyExists,
		"ErrUnauthorized":        workflow.ErrUnauthorized,
		"ErrForbidden":           workflow.ErrForbidden,
		"ErrInvalid":             workflow.ErrInvalid,
		"ErrConflict":            workflow.ErrConflict,
		"ErrIdempotencyMismatch": workflow.ErrIdempotencyMismatch,
		"ErrTemplateNotFound":    workflow.ErrTemplateNotFound,
		"ErrNotInstalled":        workflow.ErrNotInstalled,
		"ErrCompleted":           workflow.ErrCompleted,
		"ErrNotCompleted":        workflow.ErrNotCompleted,
		"ErrNotSuspended":        workflow.ErrNotSuspended,
		"ErrReplaced":            workflow.ErrReplaced,
		"ErrDeleted":             workflow.ErrDeleted,
		"ErrNodesGone":           workflow.ErrNodesGone,
		"ErrNodesOffloaded":      workflow.ErrNodesOffloaded,
		"ErrHistory":             workflow.ErrHistory,
		"ErrUnreadable":          workflow.ErrUnreadable,
		"ErrUnsupported":         workflow.ErrUnsupported,
		"ErrUnavailable":         workflow.ErrUnavailable,
		"ErrUnknownOutcome":      workflow.ErrUnknownOutcome,
	}
}
