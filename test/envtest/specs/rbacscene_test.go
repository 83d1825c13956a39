package specs_test

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// nobody is an instance ID that no controller has, so workflows with it stay as the spec creates
// them.
const nobody = "nobody"

// These objects exist for all probes of a namespace.
const (
	loggedWorkflow = "logged"  // runs, with a pod that has printed a line
	strictTemplate = "strict"  // has a parameter without a value, as does the ClusterWorkflowTemplate with the namespace's name
	nightlyCron    = "nightly" // a CronWorkflow
	followed       = "followed-%d"
	followedCount  = 9 // enough to share one watch
)

const inlineSpec = `{entrypoint: main, templates: [{name: main, suspend: {}}]}`

// These are the states of invented workflows.
const (
	runningStatus = `{phase: Running, startedAt: "2026-01-01T00:00:00Z"}`
	failedStatus  = `{phase: Failed, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:01:00Z"}`
)

// arrange creates the objects that all probes use.
func arrange(ctx context.Context, namespace string) {
	GinkgoHelper()
	strict := `{arguments: {parameters: [{name: needed}]}, entrypoint: main, templates: [{name: main, suspend: {}}]}`
	for _, manifest := range []string{
		`{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: {name: ` + strictTemplate + `}, spec: ` + strict + `}`,
		`{apiVersion: argoproj.io/v1alpha1, kind: ClusterWorkflowTemplate, metadata: {name: ` + namespace + `}, spec: ` + strict + `}`,
		`{apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, metadata: {name: ` + nightlyCron + `, labels: {` + ofNobody + `}},
			spec: {schedules: ["0 0 * * *"], suspend: true, workflowSpec: ` + inlineSpec + `}}`,
	} {
		createIn(ctx, namespace, manifest)
	}
	s := &stage{namespace: namespace}
	for i := range followedCount - 1 {
		s.put(ctx, fmt.Sprintf(followed, i), "", inlineSpec, runningStatus)
	}
	s.put(ctx, loggedWorkflow, "", inlineSpec, runningStatus)
	s.arrangeLog(ctx)
}

// arrangeLog creates a pod that has ended.
func (s *stage) arrangeLog(ctx context.Context) {
	GinkgoHelper()
	const name = loggedWorkflow + "-pod"
	createIn(ctx, s.namespace, `{apiVersion: v1, kind: Pod,
		metadata: {name: `+name+`, labels: {workflows.argoproj.io/workflow: `+loggedWorkflow+`}},
		spec: {nodeName: `+envtest.NodeName+`, restartPolicy: Never, containers: [{name: main, image: any}]}}`)
	Expect(cluster.WriteLog(ctx, s.namespace, name, "main", "line")).To(Succeed())
	pods := kube.CoreV1().Pods(s.namespace)
	Eventually(ctx, func(g Gomega) {
		pod, err := pods.Get(ctx, name, metav1.GetOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(pod.Status.Phase).To(Equal(corev1.PodRunning))
		pod.Status.Phase = corev1.PodSucceeded
		for i := range pod.Status.ContainerStatuses {
			ended := &corev1.ContainerStateTerminated{FinishedAt: metav1.Now(), StartedAt: metav1.Now()}
			pod.Status.ContainerStatuses[i].State = corev1.ContainerState{Terminated: ended}
		}
		g.Expect(pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})).Error().NotTo(HaveOccurred())
	}).Should(Succeed())
}

const ofNobody = `workflows.argoproj.io/controller-instanceid: ` + nobody

// put creates a workflow in the given state, with further metadata.
func (s *stage) put(ctx context.Context, name, metadata, spec, status string) *unstructured.Unstructured {
	GinkgoHelper()
	return createIn(ctx, s.namespace, fmt.Sprintf(
		`{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: %s, labels: {%s}, %s}, spec: %s, status: %s}`,
		name, ofNobody, metadata, spec, status))
}

// newWorkflow is like put, but with an unused name, which it returns.
func (s *stage) newWorkflow(ctx context.Context, metadata, status string) string {
	GinkgoHelper()
	return s.put(ctx, s.fresh(), metadata, inlineSpec, status).GetName()
}

// patch changes a workflow as the administrator.
func (s *stage) patch(ctx context.Context, name, patch string) error {
	_, err := argotest.Workflows(dyn, s.namespace).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// ending returns a function that ends a workflow, without which a probe takes too long.
func (s *stage) ending(ctx context.Context, name string) func() {
	return func() { _ = s.patch(ctx, name, `{"status":{"phase":"Succeeded"}}`) }
}

// client returns a client that acts as the account.
func (s *stage) client() *workflow.WorkflowClient { return s.clientWith(s.cfg, workflow.Options{}) }

func (s *stage) clientWith(cfg *rest.Config, opts workflow.Options) *workflow.WorkflowClient {
	opts.Namespace, opts.InstanceID = s.namespace, nobody
	client, err := workflow.NewForConfig(cfg, opts)
	Expect(err).NotTo(HaveOccurred())
	return client
}

// watched returns the account's configuration. seen is called for each watch that is opened, with
// its resource and its name, or "" for all names.
func (s *stage) watched(seen func(resource, name string)) *rest.Config {
	cfg := rest.CopyConfig(s.cfg)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if query := r.URL.Query(); err == nil && resp.StatusCode == http.StatusOK && query.Has("watch") {
				seen(path.Base(r.URL.Path), strings.TrimPrefix(query.Get("fieldSelector"), "metadata.name="))
			}
			return resp, err
		})
	})
	return cfg
}

// onWatch returns the account's configuration. do is called once a watch is opened.
func (s *stage) onWatch(do func()) *rest.Config {
	once := sync.OnceFunc(do)
	return s.watched(func(string, string) { once() })
}
