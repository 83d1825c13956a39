package envtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// ArgoNamespace is the namespace of the workflow-controller's configuration. The controller
	// acts on the workflows of all namespaces.
	ArgoNamespace = "argo"

	// executorRole is the ClusterRole with the permissions that Argo's executor needs.
	executorRole = "argo-executor"

	workflowController = "workflow-controller"
	controllerConfig   = "workflow-controller-configmap"
	controllerAccount  = "argo" // as named in Argo's manifests
)

// installCRDs creates the definitions of Argo's resources and blocks until they are served.
func (c *Cluster) installCRDs(ctx context.Context) error {
	set := string(c.opts.Definitions)
	c.opts.Progress("installing Argo's " + set + " resource definitions")
	return c.applyManifests(ctx, "base", "crds", set, "argoproj.io_*.yaml")
}

// applyManifests applies the files of Argo's manifests that match a pattern, all at once: for each of several
// full definitions that came one after the other, the API server would prepare its OpenAPI documents again.
func (c *Cluster) applyManifests(ctx context.Context, elem ...string) error {
	pattern := filepath.Join(append([]string{c.bin.argoManifests}, elem...)...)
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return fmt.Errorf("find manifests: %w", err)
	}
	if len(paths) == 0 {
		return fmt.Errorf("no manifest matches %s: does %s name the module's folder manifests?", pattern, envArgoManifests)
	}
	files, ctx := errgroup.WithContext(ctx)
	for _, path := range paths {
		files.Go(func() error { return c.applyFile(ctx, path, ArgoNamespace) })
	}
	return files.Wait()
}

// startArgo starts the stand-in for the executor, unless there is a real node, and the workflow-controller
// under a service account with the permissions of a real installation. The returned function blocks until
// the controller acts on workflows.
func (c *Cluster) startArgo(ctx context.Context) (func(context.Context) error, error) {
	c.opts.Progress("starting workflow-controller")
	if err := c.installController(ctx); err != nil {
		return nil, err
	}
	account, err := c.ServiceAccountConfig(ctx, ArgoNamespace, controllerAccount)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := c.WriteKubeconfig(workflowController+".kubeconfig", account)
	if err != nil {
		return nil, err
	}
	args := []string{
		"--kubeconfig=" + kubeconfig,
		"--namespace=" + ArgoNamespace,
		"--qps=500",
		"--burst=1000",
	}
	if c.opts.Node {
		args = append(args, "--executor-image="+executorImage+":node", "--executor-image-pull-policy=IfNotPresent")
	} else if err := c.startExecutor(); err != nil {
		return nil, err
	}
	p, err := c.newProcess(workflowController, c.bin.workflowController, []string{
		"LEADER_ELECTION_DISABLE=true",
		// The delay between an event and the processing of its workflow. The default is 10 s.
		"DEFAULT_REQUEUE_TIME=100ms",
		fmt.Sprintf("ALWAYS_OFFLOAD_NODE_STATUS=%t", c.opts.AlwaysOffload),
	}, args)
	if err != nil {
		return nil, err
	}
	c.controller = p
	ready := func(ctx context.Context) error { return c.awaitController(ctx, p) }
	c.addPart(&part{name: PartWorkflowController, gone: p.wait, launch: p.launch, ready: ready, end: p.kill})
	return func(ctx context.Context) error {
		c.opts.Progress("waiting for the workflow-controller")
		return ready(ctx)
	}, nil
}

// SetControllerEnv sets further environment variables of the workflow-controller, as "NAME=value". They take
// effect with the next [Cluster.Restart] of [PartWorkflowController], and take the place of those of an earlier
// call for the same name. It returns [ErrNoPart] if the cluster has no controller, or was joined.
func (c *Cluster) SetControllerEnv(env ...string) error {
	return c.withPart(PartWorkflowController, func(*part) error {
		c.controller.env = append(c.controller.env, env...) // of two with a name, os/exec takes the later one
		return nil
	})
}

// installController creates the objects that the controller needs.
func (c *Cluster) installController(ctx context.Context) error {
	subjects := []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: ArgoNamespace, Name: controllerAccount}}
	configMap := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: ArgoNamespace, Name: controllerConfig},
		// The metrics server would listen on a fixed port, and the process exits if that is
		// taken. A second controller can't have the remaining fixed port, 6060, either, but it
		// only logs that and works. No spec needs the events on workflows' nodes, which would
		// be half of all writes.
		Data: map[string]string{"metricsConfig": "enabled: false\n", "nodeEvents": "enabled: false\n"},
	}
	objects := []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ArgoNamespace}},
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: ArgoNamespace, Name: controllerAccount}},
		configMap,
		&rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: executorRole},
			Rules: []rbacv1.PolicyRule{{
				APIGroups: []string{"argoproj.io"}, Resources: []string{"workflowtaskresults"}, Verbs: []string{"create", "patch"},
			}},
		},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: workflowController},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "argo-cluster-role"},
			Subjects:   subjects,
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: ArgoNamespace, Name: workflowController},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "argo-role"},
			Subjects:   subjects,
		},
	}
	if c.opts.Database != "" {
		configMap.Data["persistence"] = c.database.persistence()
		objects = append(objects, c.database.secret())
	}
	for _, o := range objects {
		if err := c.client.Create(ctx, o); err != nil {
			return fmt.Errorf("create %T %s: %w", o, o.GetName(), err)
		}
	}
	if err := c.grantExecutor(ctx, metav1.NamespaceDefault); err != nil {
		return err
	}
	// The roles are Argo's own. The bindings above replace the ones in the manifests, which have no
	// namespace until kustomize sets one.
	for _, roles := range []string{"*-role.yaml", "*-clusterrole.yaml", "*-roles.yaml"} {
		if err := c.applyManifests(ctx, c.installFolder(), "workflow-controller-rbac", roles); err != nil {
			return err
		}
	}
	return nil
}

// installFolder returns the folder of Argo's manifests for an installation in a whole cluster.
func (c *Cluster) installFolder() string {
	const folder = "cluster-install-no-crds"
	if _, err := os.Stat(filepath.Join(c.bin.argoManifests, folder)); errors.Is(err, fs.ErrNotExist) {
		return "cluster-install" // Argo 3.6 has one of them
	}
	return folder
}

// grantExecutor lets the default service account of a namespace report the results of workflows' pods.
func (c *Cluster) grantExecutor(ctx context.Context, namespace string) error {
	if !c.opts.Parts.has(Everything) {
		return nil
	}
	binding := &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: executorRole},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: executorRole},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "default"}},
	}
	if err := c.client.Create(ctx, binding); err != nil {
		return fmt.Errorf("create role binding %s/%s: %w", namespace, binding.Name, err)
	}
	return nil
}

// awaitController blocks until the controller has ended a workflow that does nothing. There is no
// better readiness check: its health endpoint has a fixed port.
func (c *Cluster) awaitController(ctx context.Context, p *process) (err error) {
	probe := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "argoproj.io/v1alpha1",
		"kind":       "Workflow",
		"metadata":   map[string]any{"namespace": ArgoNamespace, "generateName": "envtest-probe-"},
		"spec": map[string]any{
			"entrypoint": "main",
			"templates":  []any{map[string]any{"name": "main", "suspend": map[string]any{"duration": "0s"}}},
		},
	}}
	if err := c.client.Create(ctx, probe); err != nil {
		return fmt.Errorf("create probe: %w", err)
	}
	defer func() {
		if deleted := c.client.Delete(ctx, probe); deleted != nil {
			err = errors.Join(err, fmt.Errorf("delete probe: %w", deleted))
		}
	}()
	return until(ctx, "the workflow-controller acts on workflows", func(ctx context.Context) error {
		if err := c.client.Get(ctx, client.ObjectKeyFromObject(probe), probe); err != nil {
			return err
		}
		if phase, _, _ := unstructured.NestedString(probe.Object, "status", "phase"); phase != "Succeeded" {
			return fmt.Errorf("the probe's phase is %q", phase)
		}
		return nil
	}, p)
}
