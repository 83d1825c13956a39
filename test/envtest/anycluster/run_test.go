package anycluster_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

// keeper is the name of objects that a run keeps until its end, and the prefix of its namespace.
const keeper = "argoservice-conformance"

// run is a run of the suite.
type run struct {
	id         string
	file       *clientcmdapi.Config
	context    string
	cfg        *rest.Config
	kube       kubernetes.Interface
	dyn        dynamic.Interface
	namespace  string
	made       bool // namespace is the run's own
	begun      bool // the run may have made objects
	facts      []string
	lacks      map[string]string // why specs with a label are skipped; with [everything], why all are
	podAccount string
}

// connect finds the cluster and its user, and changes nothing.
func connect(ctx context.Context, file, kubeContext, namespace string) (*run, error) {
	rules := &clientcmd.ClientConfigLoadingRules{ExplicitPath: file}
	loaded, err := rules.Load()
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	r := &run{id: rand.String(8), file: loaded, context: cmp.Or(kubeContext, loaded.CurrentContext),
		lacks: map[string]string{}, podAccount: *serviceAccount}
	if loaded.Contexts[r.context] == nil {
		return nil, fmt.Errorf("context %q is not in %s; CONTEXT can be one of %q",
			r.context, file, slices.Sorted(maps.Keys(loaded.Contexts)))
	}
	// Unlike a deferred loader, this never takes the service account of a pod instead.
	none := &clientcmd.ConfigOverrides{}
	r.cfg, err = clientcmd.NewNonInteractiveClientConfig(*loaded, r.context, none, rules).ClientConfig()
	if err != nil && strings.Contains(err.Error(), "proxy-url") { // it has the URL, and so the password
		err = errors.New("proxy-url must be the URL of a proxy: http, https or socks5")
	}
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	if _, err := workflow.NewForConfig(r.cfg, workflow.Options{Namespace: keeper}); err != nil { // it names no secrets
		return nil, err
	}
	r.cfg.QPS, r.cfg.Burst, r.cfg.WarningHandler = 50, 100, rest.NoWarnings{}
	if r.kube, err = kubernetes.NewForConfig(r.cfg); err != nil {
		return nil, err
	}
	if r.dyn, err = dynamic.NewForConfig(r.cfg); err != nil {
		return nil, err
	}
	version, err := r.kube.Discovery().ServerVersion()
	if err != nil {
		return nil, fmt.Errorf("reach the cluster of context %q: %w", r.context, err)
	}
	server, _, err := rest.DefaultServerUrlFor(r.cfg)
	if err != nil {
		return nil, err
	}
	user := "unknown: "
	self, err := r.kube.AuthenticationV1().SelfSubjectReviews().
		Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	switch {
	case apierrors.IsUnauthorized(err):
		return nil, fmt.Errorf("reach the cluster of context %q: %w", r.context, err)
	case err != nil:
		user += err.Error()
	default:
		user = self.Status.UserInfo.Username
	}
	r.fact("server: %s, Kubernetes %s", server.Redacted(), version.GitVersion)
	r.fact("context: %s of %s", r.context, file)
	r.fact("user: %s", user)
	if r.namespace = namespace; namespace == "" {
		r.namespace, r.made = keeper+"-"+r.id, true
	}
	stays := map[bool]string{true: "the run makes and removes", false: "stays"}
	r.fact("namespace: %s, which %s", r.namespace, stays[r.made])
	return r, nil
}

// fact prints something about the cluster, which the report also has.
func (r *run) fact(format string, args ...any) {
	fact := status.Printable(fmt.Sprintf(format, args...))
	r.facts = append(r.facts, fact)
	fmt.Println(fact)
}

// fixture returns the fixture of the running spec, or skips the spec. After the spec, its objects are
// removed.
func (r *run) fixture(client func(cfg *rest.Config, namespace string) workflow.Interface) conformance.Fixture {
	GinkgoHelper()
	for _, need := range append([]string{everything}, CurrentSpecReport().Labels()...) {
		if why := r.lacks[need]; why != "" {
			Skip(need + reasonFollows + why)
		}
	}
	DeferCleanup(func(ctx SpecContext) error { return r.clean(ctx, keeper) }, NodeTimeout(specTimeout))
	labelled := func(cfg *rest.Config, namespace string) workflow.Interface {
		return labelledClient{client(cfg, namespace), r.id}
	}
	return conformance.Fixture{
		Client:    labelled(r.cfg, r.namespace),
		In:        func(namespace string) workflow.Interface { return labelled(r.cfg, namespace) },
		Namespace: r.namespace,
		Admin:     labelledDynamic{r.dyn, r.id},
		Restricted: func(ctx context.Context, allowed map[string][]string) workflow.Interface {
			return labelled(must(r.restricted(ctx, allowed)), r.namespace)
		},
		Image:          *image,
		ServiceAccount: r.podAccount,
	}
}

// makeNamespace makes the run's namespace, or checks that the given one can be used and that no other
// run uses it.
func (r *run) makeNamespace(ctx context.Context) {
	GinkgoHelper()
	if r.made {
		r.begun = true
		ns := &corev1.Namespace{ObjectMeta: r.meta(r.namespace)}
		must(r.kube.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{}))
		return
	}
	for _, resource := range []string{"workflows", "workflowtemplates", "cronworkflows"} {
		list := must(r.dyn.Resource(argo(resource)).Namespace(r.namespace).List(ctx, metav1.ListOptions{Limit: 1}))
		if len(list.Items) > 0 { // the specs use names such as "n", and replace and delete what has them
			o := list.Items[0]
			why := fmt.Sprintf("namespace %s is in use: it has %s %s. Name a namespace without workflows and templates",
				r.namespace, o.GetKind(), o.GetName())
			if id := o.GetLabels()[labelRun]; id != "" {
				why += fmt.Sprintf(". If run %s was killed, this removes what it has left: %s", id, r.removal(id))
			}
			Fail(why)
		}
	}
	r.begun = true
	lock := argotest.Object(`{apiVersion: argoproj.io/v1alpha1, kind: WorkflowTemplate, metadata: {name: ` + keeper + `},
		spec: {templates: [{name: lock, suspend: {}}]}}`)
	_, err := argotest.Templates(labelledDynamic{r.dyn, r.id}, r.namespace).Create(ctx, lock, metav1.CreateOptions{})
	if err != nil {
		Fail(fmt.Sprintf("namespace %s cannot be used, also not by two runs: %v", r.namespace, err))
	}
}

// removal is the command that removes what a run has left.
func (r *run) removal(id string) string {
	kinds := "namespaces"
	if !r.made {
		kinds = "-n " + r.namespace + " workflows,workflowtemplates,cronworkflows,workflowtasksets," +
			"serviceaccounts,roles,rolebindings,resourcequotas,pods"
	}
	return fmt.Sprintf("kubectl delete %s,clusterworkflowtemplates -l %s=%s", kinds, labelRun, id)
}

// end removes all that the run has made. Its error says what is left.
func (r *run) end(ctx context.Context) error {
	if !r.begun {
		return nil
	}
	ctx, cancel := context.WithTimeoutCause(ctx, *cleanUpTimeout, fmt.Errorf("it took longer than %s", *cleanUpTimeout))
	defer cancel()
	err := r.clean(ctx, "")
	if r.made {
		err = errors.Join(err, r.removeNamespace(ctx))
	}
	if err != nil {
		return fmt.Errorf("objects of run %s may be left, which %s removes: %w", r.id, r.removal(r.id), err)
	}
	return nil
}

func (r *run) removeNamespace(ctx context.Context) error {
	namespaces := r.kube.CoreV1().Namespaces()
	ns, err := namespaces.Get(ctx, r.namespace, metav1.GetOptions{})
	if apierrors.IsNotFound(err) || err == nil && ns.Labels[labelRun] != r.id {
		return nil
	}
	if err != nil {
		return err
	}
	err = namespaces.Delete(ctx, r.namespace, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &ns.UID}})
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	var blocking []string
	err = wait.PollUntilContextCancel(ctx, 200*time.Millisecond, true, func(ctx context.Context) (bool, error) {
		now, err := namespaces.Get(ctx, r.namespace, metav1.GetOptions{})
		if err == nil {
			blocking = nil
			for _, c := range now.Status.Conditions {
				if c.Status == corev1.ConditionTrue {
					blocking = append(blocking, c.Message)
				}
			}
		}
		return apierrors.IsNotFound(err), nil
	})
	if err != nil {
		why := cmp.Or(strings.Join(blocking, "; "), "no reason is known yet")
		return fmt.Errorf("namespace %s is still terminating: %w: %s", r.namespace, context.Cause(ctx), why)
	}
	return nil
}
