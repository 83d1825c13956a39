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
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

const examplesDir = "../../../examples"

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

// install creates a namespace with the example's template, and reads the configuration.
func (f *backfills) install(ctx context.Context) {
	GinkgoHelper()
	f.namespace, f.state = newNamespace(ctx), &memoryState{}
	applyExample(ctx, f.namespace, "backfill/manifests/bulk-load.yaml")
	f.cfg = must(backfill.ParseConfig([]byte(exampleText(f.namespace, "backfill/backfill.yaml"))))
	Expect(f.cfg.Backfill.Scale).To(Equal(backfillScale))
}

// exampleText returns a file below examples for a namespace, with further replacements.
func exampleText(namespace, path string, oldnew ...string) string {
	GinkgoHelper()
	text := string(must(os.ReadFile(filepath.Join(examplesDir, path))))
	oldnew = append(oldnew, "namespace: ma", "namespace: "+namespace)
	for i := 0; i < len(oldnew); i += 2 {
		Expect(text).To(ContainSubstring(oldnew[i]))
	}
	return strings.NewReplacer(oldnew...).Replace(text)
}

// exampleFile writes an exampleText to a file, and returns the path of the file.
func exampleFile(namespace, path string, oldnew ...string) string {
	GinkgoHelper()
	copied := filepath.Join(GinkgoT().TempDir(), filepath.Base(path))
	Expect(os.WriteFile(copied, []byte(exampleText(namespace, path, oldnew...)), 0o600)).To(Succeed())
	return copied
}

// applyExample applies the manifests of an exampleText.
func applyExample(ctx context.Context, namespace, path string, oldnew ...string) {
	GinkgoHelper()
	Expect(cluster.ApplyFile(ctx, exampleFile(namespace, path, oldnew...))).To(Succeed())
}

// variant creates a changed copy of the example's template. Later backfills use it.
func (f *backfills) variant(ctx context.Context, name string, change func(template map[string]any)) {
	GinkgoHelper()
	templates := argotest.Templates(dyn, f.namespace)
	o := must(templates.Get(ctx, "bulk-load", metav1.GetOptions{}))
	o.SetName(name)
	o.SetResourceVersion("")
	o.SetUID("")
	o.SetManagedFields(nil)
	change(o.Object["spec"].(map[string]any))
	must(templates.Create(ctx, o, metav1.CreateOptions{}))
	f.useTemplate(name)
}

// useTemplate makes later backfills use a template.
func (f *backfills) useTemplate(name string) {
	argo := *f.cfg.Backfill.Argo
	argo.WorkflowTemplate = name
	f.cfg.Backfill.Argo = &argo
}

// open returns a session's backfill, as another process would, without shared state.
func (f *backfills) open(session string, process *life) backfill.Backfill {
	GinkgoHelper()
	cfg := f.cfg
	cfg.Backfill.Session = session
	return must(backfill.New(cfg, backfill.Dependencies{
		Workflows:    f.by(cluster.Config(), f.namespace, process),
		Kubernetes:   must(dynamic.NewForConfig(process.config(cluster.Config()))),
		WorkingState: f.state,
	}))
}

func appsResource(plural string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "apps", Version: "v1", Resource: plural}
}

// awaitState blocks until a backfill is in a state, and returns its status.
func awaitState(ctx context.Context, b backfill.Backfill, state backfill.State) *backfill.Status {
	GinkgoHelper()
	return awaitStatus(ctx, b, HaveField("State", state))
}

func awaitStatus(ctx context.Context, b backfill.Backfill, matcher OmegaMatcher) *backfill.Status {
	GinkgoHelper()
	var st *backfill.Status
	Eventually(ctx, func() (_ *backfill.Status, err error) {
		st, err = b.Status(ctx)
		return st, err
	}).Should(matcher)
	return st
}

// haveWorkers matches a status with the given number of running workers, and no other worker pods.
func haveWorkers(n int) OmegaMatcher {
	return HaveField("Pods", workflow.ResultOf(backfill.Pods{Running: n, Desired: n}, nil))
}

// awaitWorkers blocks until the given number of workers run and no other worker pods are left.
func awaitWorkers(ctx context.Context, b backfill.Backfill, workers int) *backfill.Status {
	GinkgoHelper()
	return awaitStatus(ctx, b, haveWorkers(workers))
}

// atGate starts a backfill and blocks until it is at its gate.
func (f *backfills) atGate(ctx context.Context, session string) backfill.Backfill {
	GinkgoHelper()
	b := f.open(session, nil)
	must(b.Start(ctx))
	awaitStatus(ctx, b, HaveField("Gates.Data", HaveLen(1)))
	return b
}

func approve(ctx context.Context, b backfill.Backfill) {
	GinkgoHelper()
	decision := workflow.Decision{Gates: []string{"approve"}, Outputs: map[string]any{"approved-by": "ann"}, By: "ann"}
	Expect(b.Approve(ctx, decision)).To(haveDecided("approve"))
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
	mergePatch(ctx, kube.CoreV1().ConfigMaps(f.namespace), session+"-work", `{"data":{"state":"done"}}`)
}

// workflowsOf returns the workflows of a session.
func (f *backfills) workflowsOf(ctx context.Context, session string) []unstructured.Unstructured {
	GinkgoHelper()
	ofSession := metav1.ListOptions{LabelSelector: "argoservice.opensearch.org/session=" + session}
	return must(argotest.Workflows(dyn, f.namespace).List(ctx, ofSession)).Items
}

// expectNoPods expects that all pods of the namespace have ended.
func (f *backfills) expectNoPods(ctx context.Context) {
	GinkgoHelper()
	Expect(shared.pods(ctx, f.namespace, "")).NotTo(ContainElement(
		HaveField("Status.Phase", Not(BeElementOf(corev1.PodSucceeded, corev1.PodFailed)))))
}

// mapping returns the map that a YAML text contains.
func mapping(text string) map[string]any {
	GinkgoHelper()
	var m map[string]any
	Expect(yaml.Unmarshal([]byte(text), &m)).To(Succeed())
	return m
}
