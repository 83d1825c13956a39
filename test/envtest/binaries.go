package envtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// These environment variables name the binaries and manifests.
const (
	envAssets             = "KUBEBUILDER_ASSETS" // a folder, with kube-apiserver
	envEtcd               = "ARGOSERVICE_ETCD"
	envControllerManager  = "ARGOSERVICE_KUBE_CONTROLLER_MANAGER"
	envScheduler          = "ARGOSERVICE_KUBE_SCHEDULER"
	envWorkflowController = "ARGOSERVICE_WORKFLOW_CONTROLLER"
	envArgo               = "ARGOSERVICE_ARGO" // the CLI, which contains the server
	envKWOK               = "ARGOSERVICE_KWOK"
	envArgoManifests      = "ARGOSERVICE_ARGO_MANIFESTS"   // a folder
	envArgoDefinitions    = "ARGOSERVICE_ARGO_DEFINITIONS" // minimal or full
	envKWOKManifests      = "ARGOSERVICE_KWOK_MANIFESTS"   // a folder

	// Those of a real node.
	envKubelet    = "ARGOSERVICE_KUBELET"
	envContainerd = "ARGOSERVICE_CONTAINERD"
	envShim       = "ARGOSERVICE_CONTAINERD_SHIM_RUNC_V2"
	envRunc       = "ARGOSERVICE_RUNC"
	envBridge     = "ARGOSERVICE_BRIDGE" // with host-local in the same folder
	envArgoexec   = "ARGOSERVICE_ARGOEXEC"
	envPod        = "ARGOSERVICE_POD"
	envNodeCgroup = "ARGOSERVICE_NODE_CGROUP" // the group of all that the node runs, in each hierarchy
)

// binaries are the paths of all parts of a cluster.
type binaries struct {
	etcd, apiServer, kubectl     string
	controllerManager, scheduler string
	kwok, kwokManifests          string
	workflowController, argo     string
	argoManifests                string

	kubelet, containerd, shim, runc, cniBridge, argoexec, pod string
	nodeCgroup                                                string
}

// findBinaries returns the paths that the given parts need, or one error that names everything that
// is missing.
func findBinaries(opts Options) (binaries, error) {
	parts := opts.Parts
	var b binaries
	var errs []error
	find := func(variable, file string) string {
		path, err := lookup(variable, file)
		errs = append(errs, err)
		return path
	}
	if parts.has(APIServer) {
		b.etcd = find(envEtcd, "")
		b.apiServer = find(envAssets, "kube-apiserver")
		b.kubectl, _ = lookup(envAssets, "kubectl") // only some users of a cluster run it
		b.argoManifests = find(envArgoManifests, "")
	}
	if parts.has(Controllers) {
		b.controllerManager = find(envControllerManager, "")
		b.scheduler = find(envScheduler, "")
	}
	if parts.has(Nodes) && opts.Node {
		for variable, path := range map[string]*string{
			envKubelet: &b.kubelet, envContainerd: &b.containerd, envShim: &b.shim, envRunc: &b.runc,
			envBridge: &b.cniBridge, envArgoexec: &b.argoexec, envPod: &b.pod,
		} {
			*path = find(variable, "")
		}
		if b.nodeCgroup = os.Getenv(envNodeCgroup); b.nodeCgroup == "" {
			errs = append(errs, fmt.Errorf("%s is not set: a real node runs under hack/node only", envNodeCgroup))
		}
	} else if parts.has(Nodes) {
		b.kwok = find(envKWOK, "")
		b.kwokManifests = find(envKWOKManifests, "")
	}
	if parts.has(Everything) {
		b.workflowController = find(envWorkflowController, "")
	}
	if parts.has(Everything) && opts.Server {
		b.argo = find(envArgo, "")
	}
	if err := errors.Join(errs...); err != nil {
		return b, fmt.Errorf("a part of the cluster is missing; run `eval \"$(make -s tools-env)\"` in the repository's root: %w", err)
	}
	return b, nil
}

// lookup returns the path that an environment variable contains, or that of a file in the folder
// that it names.
func lookup(variable, file string) (string, error) {
	value := os.Getenv(variable)
	if value == "" {
		return "", fmt.Errorf("%s is not set", variable)
	}
	path := filepath.Join(value, file)
	if _, err := os.Stat(path); err != nil {
		return "", fmt.Errorf("%s: %w", variable, err)
	}
	return path, nil
}

// findDefinitions returns the given definitions, or those of the environment if there are none.
func findDefinitions(d Definitions) (Definitions, error) {
	variable := "Options.Definitions"
	if d == "" {
		variable, d = envArgoDefinitions, Definitions(os.Getenv(envArgoDefinitions))
	}
	if d != MinimalDefinitions && d != FullDefinitions {
		return "", fmt.Errorf("%s is %q, not %s or %s", variable, d, MinimalDefinitions, FullDefinitions)
	}
	return d, nil
}
