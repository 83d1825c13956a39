package anycluster_test

import (
	"cmp"
	"context"
	_ "embed" // for the role
	"errors"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/conformance"
)

const (
	// everything is what all specs need.
	everything = "cluster"
	// ownNamespace is what a run without NAMESPACE needs.
	ownNamespace = "own namespace"
	// reasonFollows separates what a spec needs from why it is missing.
	reasonFollows = ": "
	// probeHead is the beginning of a workflow, up to its spec.
	probeHead = `{apiVersion: argoproj.io/v1alpha1, kind: Workflow, metadata: {generateName: probe-}, spec: `
	// tokenLifetime is longer than a spec.
	tokenLifetime = time.Hour
)

//go:embed role.yaml
var roles string

// permissions returns the permissions in role.yaml by what needs them, and those of a start in any
// namespace.
func permissions() map[string][]workflow.Requirement {
	GinkgoHelper()
	all := map[string][]workflow.Requirement{}
	for document := range strings.SplitSeq(roles, "\n---\n") {
		var role rbacv1.ClusterRole
		Expect(yaml.UnmarshalStrict([]byte(document), &role)).To(Succeed())
		for _, rule := range role.Rules {
			for _, name := range rule.Resources {
				resource, subresource, _ := strings.Cut(name, "/")
				for _, verb := range rule.Verbs {
					p := workflow.Permission{Verb: verb, Group: rule.APIGroups[0], Resource: resource, Subresource: subresource}
					all[needOf(p)] = append(all[needOf(p)], workflow.Requirement{Permission: p})
					if verb == "create" && resource == "workflows" || verb == "get" && needOf(p) == everything && p.Group != "" {
						all[conformance.NeedsNamespaces] = append(all[conformance.NeedsNamespaces], workflow.Requirement{Permission: p})
					}
				}
			}
		}
	}
	return all
}

func needOf(p workflow.Permission) string {
	making := p.Verb == "create" || p.Verb == "patch"
	switch {
	case p.Resource == "namespaces":
		return ownNamespace
	case p.ClusterScoped():
		return conformance.NeedsClusterTemplates
	case p.Resource == "resourcequotas":
		return conformance.NeedsQuotas
	case p.Resource == "serviceaccounts" || p.Group == rbacv1.GroupName || making && p.Resource == "workflowtaskresults":
		return conformance.NeedsAccounts
	case making && p.Resource == "pods":
		return conformance.NeedsOtherPods
	}
	return everything
}

// lack makes specs be skipped, unless err is nil. The first reason counts.
func (r *run) lack(need string, err error) {
	if err != nil && r.lacks[need] == "" {
		r.lacks[need] = status.Printable(err.Error())
	}
}

// prepare finds out what the cluster lacks. It makes the run's namespace, if anything can be run.
func (r *run) prepare(ctx context.Context) {
	GinkgoHelper()
	_, err := r.kube.Discovery().ServerResourcesForGroupVersion("argoproj.io/v1alpha1")
	if apierrors.IsNotFound(err) {
		r.lack(everything, errors.New("Argo's resource definitions are not installed"))
		return
	}
	Expect(err).NotTo(HaveOccurred())
	for need, requirements := range permissions() {
		namespace := r.namespace
		if need == conformance.NeedsNamespaces {
			namespace = "nowhere-" + r.id
		}
		err := workflow.CheckRequirements(ctx, r.dyn, namespace,
			[]workflow.OpRequirements{{Requirements: requirements}}, workflow.CheckOptions{})
		if denied := (*workflow.PermissionError)(nil); errors.As(err, &denied) {
			var missing []string
			for _, m := range denied.Missing {
				missing = append(missing, m.Permission.String())
			}
			err = fmt.Errorf("not permitted: %s", strings.Join(missing, ", "))
		} else {
			Expect(err).NotTo(HaveOccurred())
		}
		r.lack(need, err)
	}
	if why := r.lacks[ownNamespace]; why != "" && r.made {
		r.lacks[everything] = why + "; NAMESPACE can name an existing namespace"
	}
	r.lack(conformance.NeedsLogs, errors.New("a spec can't write into the logs of a real container"))
	r.lack(conformance.NeedsGateObjects, errors.New("a run installs no resource definitions"))
	for _, step := range []func(context.Context){
		r.makeNamespace, r.probeDefinitions, r.probeAccounts, r.probeController, r.probePods, r.probeClusterTemplates,
	} {
		if r.lacks[everything] == "" {
			step(ctx)
		}
	}
	Expect(r.clean(ctx, keeper)).To(Succeed())
}

// probeDefinitions finds out whether the definition of workflows keeps unknown fields.
func (r *run) probeDefinitions(ctx context.Context) {
	unknown := argotest.Object(probeHead + `{noSuchField: x}}`)
	_, err := argotest.Workflows(r.dyn, r.namespace).Create(ctx, unknown,
		metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}, FieldValidation: metav1.FieldValidationStrict})
	switch {
	case err == nil:
		r.fact("Argo's resource definitions: minimal")
	case strings.Contains(err.Error(), "noSuchField"):
		r.fact("Argo's resource definitions: full")
	default:
		r.fact("Argo's resource definitions: unknown: %v", err)
	}
}

// probeAccounts makes the account of workflows' pods, and another one to see that an account without
// roles has no permissions.
func (r *run) probeAccounts(ctx context.Context) {
	if r.lacks[conformance.NeedsAccounts] != "" {
		return
	}
	err := r.grant(ctx, keeper, rbacv1.PolicyRule{
		APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtaskresults"}, Verbs: []string{"create", "patch"},
	})
	if err == nil {
		r.podAccount = cmp.Or(r.podAccount, keeper)
		var cfg *rest.Config
		if cfg, err = r.restricted(ctx, nil); err == nil {
			_, err = argotest.Workflows(must(dynamic.NewForConfig(cfg)), r.namespace).List(ctx, metav1.ListOptions{Limit: 1})
			if err == nil {
				err = errors.New("this cluster lets service accounts without roles list workflows")
			} else if apierrors.IsForbidden(err) {
				err = nil
			}
		}
	}
	r.lack(conformance.NeedsAccounts, err)
}

// probeController finds out whether a controller acts on workflows of the namespace.
func (r *run) probeController(ctx context.Context) {
	s := r.try(ctx, *controllerTimeout, `{entrypoint: main, templates: [{name: main, suspend: {duration: "0"}}]}`)
	if s.Phase == "" {
		r.lack(everything, fmt.Errorf("no controller acts on a workflow in namespace %s within %s: does one run, is it for "+
			"this namespace, and has it no instance ID?", r.namespace, *controllerTimeout))
	} else if s.Outcome() != status.OutcomeSucceeded {
		r.lack(everything, fmt.Errorf("a workflow without pods is %s after at most %s: %s",
			s.Outcome(), *controllerTimeout, s.Message))
	}
}

// probePods finds out whether the pod of a workflow runs and its output is reported, and Argo's version.
func (r *run) probePods(ctx context.Context) {
	account := cmp.Or(r.podAccount, "default")
	s := r.try(ctx, *podTimeout, fmt.Sprintf(`{entrypoint: main, serviceAccountName: %s, templates: [{name: main,
		metadata: {annotations: {envtest.argoservice/outputs: '{"parameters":[{"name":"text","value":"ok"}]}'}},
		container: {image: %q, command: [sh, -c, "echo ok >/tmp/text"], securityContext: %s},
		outputs: {parameters: [{name: text, valueFrom: {path: /tmp/text}}]}}]}`, account, *image, conformance.RestrictedContainer))
	version := "unknown"
	ofWorkflow := metav1.ListOptions{LabelSelector: "workflows.argoproj.io/workflow=" + s.Name}
	for _, pod := range must(r.kube.CoreV1().Pods(r.namespace).List(ctx, ofWorkflow)).Items {
		for _, c := range pod.Spec.InitContainers {
			version = "that of its executor, " + c.Image
		}
	}
	r.fact("Argo's version: %s", version)
	r.fact("pods: image %s, service account %s", *image, account)
	output, _ := s.OutputParameter(status.NodeNamed(s.Name), "text")
	if s.Outcome() != status.OutcomeSucceeded || output != "ok" {
		why := cmp.Or(s.Message, "its output is missing")
		for _, n := range s.Nodes {
			why = cmp.Or(n.Message, why)
		}
		r.lack(conformance.NeedsPods, fmt.Errorf("a workflow of one pod is %s after at most %s: %s",
			s.Outcome(), *podTimeout, why))
	}
}

// probeClusterTemplates finds out whether the controller reads ClusterWorkflowTemplates.
func (r *run) probeClusterTemplates(ctx context.Context) {
	if r.lacks[conformance.NeedsClusterTemplates] != "" {
		return
	}
	template := argotest.Create(ctx, labelledDynamic{r.dyn, r.id}.Resource(argo("clusterworkflowtemplates")),
		`{apiVersion: argoproj.io/v1alpha1, kind: ClusterWorkflowTemplate, metadata: {generateName: `+keeper+`-},
			spec: {entrypoint: main, templates: [{name: main, suspend: {duration: "0"}}]}}`)
	for end := time.Now().Add(*controllerTimeout); ; { // its watch may deliver the template after the workflow
		s := r.try(ctx, *controllerTimeout, `{workflowTemplateRef: {name: `+template+`, clusterScope: true}}`)
		if s.Outcome() == status.OutcomeSucceeded {
			return
		}
		if time.Now().After(end) {
			r.lack(conformance.NeedsClusterTemplates, fmt.Errorf("a workflow of a ClusterWorkflowTemplate is %s: %s",
				s.Outcome(), s.Message))
			return
		}
	}
}

// try creates a workflow and returns its state when it has ended, or the last one when the time is over.
func (r *run) try(ctx context.Context, timeout time.Duration, spec string) (s *status.WorkflowStatus) {
	GinkgoHelper()
	workflows := argotest.Workflows(labelledDynamic{r.dyn, r.id}, r.namespace)
	name := argotest.Create(ctx, workflows, probeHead+spec+`}`)
	for end := time.Now().Add(timeout); ; time.Sleep(200 * time.Millisecond) {
		s = must(status.FromUnstructured(must(workflows.Get(ctx, name, metav1.GetOptions{}))))
		if s.Completed() || time.Now().After(end) {
			return s
		}
	}
}

// restricted makes a service account with only the given permissions, and returns its configuration.
func (r *run) restricted(ctx context.Context, allowed map[string][]string) (*rest.Config, error) {
	var rules []rbacv1.PolicyRule
	for resource, verbs := range allowed {
		group := "argoproj.io"
		if resource == "pods" || resource == "pods/log" {
			group = corev1.GroupName
		}
		rules = append(rules, rbacv1.PolicyRule{APIGroups: []string{group}, Resources: []string{resource}, Verbs: verbs})
	}
	name := "restricted-" + rand.String(8)
	if err := r.grant(ctx, name, rules...); err != nil {
		return nil, err
	}
	token, err := r.kube.CoreV1().ServiceAccounts(r.namespace).CreateToken(ctx, name, &authenticationv1.TokenRequest{
		Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(tokenLifetime.Seconds()))},
	}, metav1.CreateOptions{})
	if err != nil {
		return nil, err
	}
	cfg := rest.AnonymousClientConfig(r.cfg)
	cfg.BearerToken = token.Status.Token
	return cfg, nil
}

// grant makes a service account with these permissions in the namespace.
func (r *run) grant(ctx context.Context, name string, rules ...rbacv1.PolicyRule) error {
	account := &corev1.ServiceAccount{ObjectMeta: r.meta(name)}
	if _, err := r.kube.CoreV1().ServiceAccounts(r.namespace).Create(ctx, account, metav1.CreateOptions{}); err != nil {
		return err
	}
	role := &rbacv1.Role{ObjectMeta: r.meta(name), Rules: rules}
	if _, err := r.kube.RbacV1().Roles(r.namespace).Create(ctx, role, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := r.kube.RbacV1().RoleBindings(r.namespace).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: r.meta(name),
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: r.namespace, Name: name}},
	}, metav1.CreateOptions{})
	return err
}
