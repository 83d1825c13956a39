package specs_test

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
	for plural, manifest := range map[string]string{
		"workflowtemplates": `{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: {name: ` + strictTemplate + `}, spec: ` + strict + `}`,
		"cronworkflows": `{apiVersion: argoproj.io/v1alpha1, kind: CronWorkflow, metadata: {name: ` + nightlyCron + `, labels: {` + ofNobody + `}},
			spec: {schedules: ["0 0 * * *"], suspend: true, workflowSpec: ` + inlineSpec + `}}`,
	} {
		argotest.Create(ctx, dyn.Resource(argotest.Resource(plural)).Namespace(namespace), manifest)
	}
	clusterTemplates := dyn.Resource(argotest.Resource("clusterworkflowtemplates"))
	argotest.Create(ctx, clusterTemplates,
		`{apiVersion: argoproj.io/v1alpha1, kind: ClusterWorkflowTemplate, metadata: {name: `+namespace+`}, spec: `+strict+`}`)
	DeferCleanup(func(ctx SpecContext) {
		Expect(clusterTemplates.Delete(ctx, namespace, metav1.DeleteOptions{})).To(Succeed())
	})
	s := &stage{namespace: namespace}
	for i := range followedCount - 1 {
		Expect(s.put(ctx, fmt.Sprintf(followed, i), inlineSpec, runningStatus)).To(Succeed())
	}
	Expect(s.put(ctx, loggedWorkflow, inlineSpec, runningStatus)).To(Succeed())
	s.arrangeLog(ctx)
}

// arrangeLog creates a pod that has ended.
func (s *stage) arrangeLog(ctx context.Context) {
	GinkgoHelper()
	const name = loggedWorkflow + "-pod"
	pods := kube.CoreV1().Pods(s.namespace)
	_, err := pods.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"workflows.argoproj.io/workflow": loggedWorkflow}},
		Spec: corev1.PodSpec{
			NodeName: envtest.NodeName, RestartPolicy: corev1.RestartPolicyNever,
			Containers: []corev1.Container{{Name: "main", Image: "any"}},
		},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	Expect(cluster.WriteLog(ctx, s.namespace, name, "main", "line")).To(Succeed())
	Eventually(ctx, func(g Gomega) {
		pod, err := pods.Get(ctx, name, metav1.GetOptions{})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(pod.Status.Phase).To(Equal(corev1.PodRunning))
		pod.Status.Phase = corev1.PodSucceeded
		for i := range pod.Status.ContainerStatuses {
			pod.Status.ContainerStatuses[i].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{FinishedAt: metav1.Now(), StartedAt: metav1.Now()}}
		}
		_, err = pods.UpdateStatus(ctx, pod, metav1.UpdateOptions{})
		g.Expect(err).NotTo(HaveOccurred())
	}).Should(Succeed())
}

const ofNobody = `workflows.argoproj.io/controller-instanceid: ` + nobody

// put creates a workflow in the given state.
func (s *stage) put(ctx context.Context, name, spec, status string) error {
	return s.putWith(ctx, name, "", spec, status)
}

// putWith creates a workflow with further metadata.
func (s *stage) putWith(ctx context.Context, name, metadata, spec, status string) error {
	_, err := argotest.Workflows(dyn, s.namespace).Create(ctx, argotest.Object(fmt.Sprintf(
		`{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {name: %s, labels: {%s}, %s}, spec: %s, status: %s}`,
		name, ofNobody, metadata, spec, status)), metav1.CreateOptions{})
	return err
}

// patch changes a workflow as the administrator.
func (s *stage) patch(ctx context.Context, name, patch string) error {
	_, err := argotest.Workflows(dyn, s.namespace).Patch(ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// client returns a client that acts as the account.
func (s *stage) client() *workflow.WorkflowClient { return s.clientWith(s.cfg, workflow.Options{}) }

func (s *stage) clientWith(cfg *rest.Config, opts workflow.Options) *workflow.WorkflowClient {
	opts.Namespace, opts.InstanceID = s.namespace, nobody
	client, err := workflow.NewForConfig(cfg, opts)
	if err != nil {
		panic(err) // it is the same for all probes
	}
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
	var once atomic.Bool
	return s.watched(func(string, string) {
		if once.CompareAndSwap(false, true) {
			do()
		}
	})
}
