package conformance

import (
	"context"
	"errors"
	"time"

	"github.com/onsi/ginkgo/v2"
	"github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
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
	// Namespace contains only what the specs create, and is used by one spec only.
	Namespace string
	// Admin prepares the cluster, and inspects it independently of the client.
	Admin dynamic.Interface
	// Restricted returns an implementation that works in Namespace as a service account with only
	// these permissions: resource → verbs, the resources being Argo's, pods and pods/log.
	Restricted func(ctx context.Context, allowed map[string][]string) workflow.Interface
	// WriteLog makes a container of a pod in Namespace print lines, each at a later time than all
	// previous lines. The pod need not exist yet. If nil, the specs for logs are skipped.
	WriteLog func(ctx context.Context, pod, container string, lines ...string)
}

// specTimeout is generous, for busy machines: on an idle one, a pod takes the controller up to ten
// seconds.
const specTimeout = 4 * time.Minute

// Specs registers the specs for one implementation. setup is called before each spec.
func Specs(implementation string, setup func(ctx context.Context) Fixture) bool {
	return ginkgo.Describe("conformance of the "+implementation, func() {
		var f Fixture
		ginkgo.BeforeEach(func(ctx ginkgo.SpecContext) { f = setup(ctx) }, ginkgo.NodeTimeout(specTimeout))
		fixture := func() Fixture { return f }
		describeStart(fixture)
		describeIdempotency(fixture)
		describeIfExists(fixture)
		describeRead(fixture)
		describeWait(fixture)
		describeSources(fixture)
		describeList(fixture)
		describeVerbs(fixture)
		describeSuspend(fixture)
		describeResume(fixture)
		describeGates(fixture)
		describeDelays(fixture)
		describeStop(fixture)
		describeDelete(fixture)
		describeResubmit(fixture)
		describeLogs(fixture)
		describeRetry(fixture)
		describeSecrets(fixture)
		describeValues(fixture)
	})
}

// workflows returns the administrator's client for workflows.
func (f Fixture) workflows() dynamic.ResourceInterface {
	return argotest.Workflows(f.Admin, f.Namespace)
}

// template creates the WorkflowTemplate of a manifest and returns its name.
func (f Fixture) template(ctx context.Context, manifest string) string {
	ginkgo.GinkgoHelper()
	name := argotest.Create(ctx, argotest.Templates(f.Admin, f.Namespace), manifest)
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
func (f Fixture) clusterTemplate(ctx context.Context, manifest string) string {
	ginkgo.GinkgoHelper()
	templates := f.Admin.Resource(argotest.Resource("clusterworkflowtemplates"))
	name := argotest.Create(ctx, templates, manifest)
	ginkgo.DeferCleanup(func(ctx ginkgo.SpecContext) {
		gomega.Expect(templates.Delete(ctx, name, metav1.DeleteOptions{})).To(gomega.Succeed())
	}, ginkgo.NodeTimeout(specTimeout))
	f.awaitKnown(ctx, name, true)
	return name
}

// start starts a workflow, and expects success.
func (f Fixture) start(ctx context.Context, req workflow.StartRequest) *status.WorkflowStatus {
	ginkgo.GinkgoHelper()
	started, err := f.Client.Start(ctx, req)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return started.WorkflowStatus
}

// wait waits for a state, and expects success.
func (f Fixture) wait(ctx context.Context, name string, until workflow.Condition) *status.WorkflowStatus {
	ginkgo.GinkgoHelper()
	s, err := f.Client.Wait(ctx, name, until)
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	return s
}

// expectNone checks that a refused start left nothing behind.
func (f Fixture) expectNone(ctx context.Context) {
	ginkgo.GinkgoHelper()
	list, err := f.workflows().List(ctx, metav1.ListOptions{})
	gomega.Expect(err).NotTo(gomega.HaveOccurred())
	gomega.Expect(list.Items).To(gomega.BeEmpty())
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
		"ErrNodesOffloaded":      workflow.ErrNodesOffloaded,
		"ErrUnreadable":          workflow.ErrUnreadable,
		"ErrUnsupported":         workflow.ErrUnsupported,
		"ErrUnavailable":         workflow.ErrUnavailable,
		"ErrUnknownOutcome":      workflow.ErrUnknownOutcome,
	}
}
