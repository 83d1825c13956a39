package main

import (
	"context"
	"path/filepath"

	"github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned"
	argoclient "github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned/typed/workflow/v1alpha1"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// namespace and template are those of the example, whose manifest is applied.
const (
	namespace = "ma"
	template  = "bulk-load"
)

// scene is a control plane without controllers, and each peer's client of it.
type scene struct {
	cluster *envtest.Cluster
	config  *rest.Config
	ours    *workflow.WorkflowClient
	argo    argoclient.WorkflowInterface
	raw     *rawClient
	kubectl kubectl
}

// newScene starts the control plane. root is the repository's.
func newScene(ctx context.Context, root string, say func(string)) (_ *scene, err error) {
	cluster, err := envtest.Start(ctx, envtest.Options{Parts: envtest.APIServer, Progress: say})
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = cluster.Stop()
		}
	}()
	if err := cluster.ApplyFile(ctx, filepath.Join(root, "examples", "backfill", "manifests", "bulk-load.yaml")); err != nil {
		return nil, err
	}
	s := &scene{
		cluster: cluster, config: cluster.Config(),
		kubectl: kubectl{path: cluster.Kubectl(), kubeconfig: cluster.Kubeconfig(), dir: cluster.Dir()},
	}
	if s.ours, err = s.newClient(); err != nil {
		return nil, err
	}
	argo, err := versioned.NewForConfig(s.config)
	if err != nil {
		return nil, err
	}
	s.argo = argo.ArgoprojV1alpha1().Workflows(namespace)
	s.raw, err = newRawClient(s.config)
	return s, err
}

// newClient makes a client of this library that has seen nothing yet.
func (s *scene) newClient() (*workflow.WorkflowClient, error) {
	return workflow.NewForConfig(s.config, workflow.Options{Namespace: namespace})
}
