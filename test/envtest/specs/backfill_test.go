package specs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

const backfillExample = "../../../examples/backfill/"

// backfillScale is the scale of the example's configuration.
const backfillScale = 4

// backfillBy returns the workflow client that backfills use. A process with the given life makes
// its requests; nil means that the process is never killed.
type backfillBy func(cfg *rest.Config, namespace string, process *life) workflow.Interface

func byNative(cfg *rest.Config, namespace string, process *life) workflow.Interface {
	GinkgoHelper()
	return nativeClient(process.config(cfg), namespace)
}

// backfills are the example's template and configuration in the spec's own namespace.
type backfills struct {
	by        backfillBy
	namespace string
	cfg       backfill.Config
	state     *memoryState
}

func newBackfills(ctx context.Context, by backfillBy) *backfills {
	GinkgoHelper()
	f := &backfills{by: by, namespace: newNamespace(ctx), state: &memoryState{}}
	manifest := filepath.Join(GinkgoT().TempDir(), "bulk-load.yaml")
	Expect(os.WriteFile(manifest, []byte(f.read("manifests/bulk-load.yaml")), 0o600)).To(Succeed())
	Expect(cluster.ApplyFile(ctx, manifest)).To(Succeed())
	var err error
	f.cfg, err = backfill.ParseConfig([]byte(f.read("backfill.yaml")))
	Expect(err).NotTo(HaveOccurred())
	Expect(f.cfg.Backfill.Scale).To(Equal(backfillScale))
	return f
}

// read returns a file of the example, for the spec's namespace.
func (f *backfills) read(name string) string {
	GinkgoHelper()
	data, err := os.ReadFile(backfillExample + name)
	Expect(err).NotTo(HaveOccurred())
	return strings.ReplaceAll(string(data), "namespace: ma", "namespace: "+f.namespace)
}

// variant creates a changed copy of the example's template. Later backfills use it.
func (f *backfills) variant(ctx context.Context, name string, change func(template map[string]any)) {
	GinkgoHelper()
	templates := argotest.Templates(dyn, f.namespace)
	o, err := templates.Get(ctx, "bulk-load", metav1.GetOptions{})
	Expect(err).NotTo(HaveOccurred())
	o.SetName(name)
	o.SetResourceVersion("")
	o.SetUID("")
	o.SetManagedFields(nil)
	change(o.Object["spec"].(map[string]any))
	_, err = templates.Create(ctx, o, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	argo := *f.cfg.Backfill.Argo
	argo.WorkflowTemplate = name
	f.cfg.Backfill.Argo = &argo
}

// open returns a session's backfill, as another process would, without shared state.
func (f *backfills) open(session string, process *life) backfill.Backfill {
	GinkgoHelper()
	cfg := f.cfg
	cfg.Backfill.Session = session
	b, err := backfill.New(cfg, backfill.Dependencies{
		Workflows: f.by(cluster.Config(), f.namespace, process), Kubernetes: dynamicFor(process.config(cluster.Config())), WorkingState: f.state,
	})
	Expect(err).NotTo(HaveOccurred())
	return b
}

func dynamicFor(cfg *rest.Config) dynamic.Interface {
	GinkgoHelper()
	client, err := dynamic.NewForConfig(cfg)
	Expect(err).NotTo(HaveOccurred())
	return client
}

func appsResource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: plural}
}

// awaitState blocks until a backfill is in a state, and returns its status.
func awaitState(ctx context.Context, b backfill.Backfill, state backfill.State) *backfill.Status {
	GinkgoHelper()
	return awaitStatus(ctx, b, func(g Gomega, st *backfill.Status) { g.Expect(st.State).To(Equal(state)) })
}

func awaitStatus(ctx context.Context, b backfill.Backfill, is func(Gomega, *backfill.Status)) *backfill.Status {
	GinkgoHelper()
	var st *backfill.Status
	Eventually(ctx, func(g Gomega) {
		var err error
		st, err = b.Status(ctx)
		g.Expect(err).NotTo(HaveOccurred())
		is(g, st)
	}).Should(Succeed())
	return st
}

// awaitWorkers blocks until the given number of workers run and no other worker pods are left.
func awaitWorkers(ctx context.Context, b backfill.Backfill, workers int) *backfill.Status {
	GinkgoHelper()
	return awaitStatus(ctx, b, func(g Gomega, st *backfill.Status) {
		g.Expect(st.Pods.Err).NotTo(HaveOccurred())
		g.Expect(st.Pods.Data).To(Equal(backfill.Pods{Running: workers, Desired: workers}))
	})
}

// atGate starts a backfill and blocks until it is at its gate.
func (f *backfills) atGate(ctx context.Context, session string) backfill.Backfill {
	GinkgoHelper()
	b := f.open(session, nil)
	_, err := b.Start(ctx)
	Expect(err).NotTo(HaveOccurred())
	awaitStatus(ctx, b, func(g Gomega, st *backfill.Status) { g.Expect(st.Gates.Data).To(HaveLen(1)) })
	return b
}

func approve(ctx context.Context, b backfill.Backfill) {
	GinkgoHelper()
	approved, err := b.Approve(ctx, workflow.Decision{Gates: []string{"approve"}, Outputs: map[string]any{"approved-by": "ann"}, By: "ann"})
	Expect(err).NotTo(HaveOccurred())
	Expect(approved).To(haveDecided("approve"))
}

// haveDecided matches the result of a decision about one gate.
func haveDecided(gate string) OmegaMatcher {
	return HaveField("Gates", HaveExactElements(HaveField("Name", gate)))
}

// working starts a backfill and blocks until its workers work.
func (f *backfills) working(ctx context.Context, session string) backfill.Backfill {
	GinkgoHelper()
	b := f.atGate(ctx, session)
	approve(ctx, b)
	awaitWorkers(ctx, b, backfillScale)
	return b
}

// finish reports to the workflow that its workers are done.
func (f *backfills) finish(ctx context.Context, session string) {
	GinkgoHelper()
	_, err := kube.CoreV1().ConfigMaps(f.namespace).Patch(ctx, session+"-work", types.MergePatchType,
		[]byte(`{"data":{"state":"done"}}`), metav1.PatchOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// workflowsOf returns the workflows of a session.
func (f *backfills) workflowsOf(ctx context.Context, session string) []unstructured.Unstructured {
	GinkgoHelper()
	list, err := argotest.Workflows(dyn, f.namespace).List(ctx, metav1.ListOptions{LabelSelector: "argoservice.opensearch.org/session=" + session})
	Expect(err).NotTo(HaveOccurred())
	return list.Items
}

// podsLeft returns the pods of the namespace that haven't ended.
func (f *backfills) podsLeft(ctx context.Context, g Gomega) []string {
	list, err := kube.CoreV1().Pods(f.namespace).List(ctx, metav1.ListOptions{})
	g.Expect(err).NotTo(HaveOccurred())
	var left []string
	for _, pod := range list.Items {
		if pod.Status.Phase != corev1.PodSucceeded && pod.Status.Phase != corev1.PodFailed {
			left = append(left, pod.Name)
		}
	}
	return left
}

// mapping returns the map that a YAML text contains.
func mapping(text string) map[string]any {
	GinkgoHelper()
	var m map[string]any
	Expect(yaml.Unmarshal([]byte(text), &m)).To(Succeed())
	return m
}
