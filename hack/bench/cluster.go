package main

import (
	"context"

	"github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned"
	argoclient "github.com/argoproj/argo-workflows/v3/pkg/client/clientset/versioned/typed/workflow/v1alpha1"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/bench/bulkload"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
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
	if err := cluster.ApplyFile(ctx, bulkload.Manifest(root)); err != nil {
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
	s.argo = argo.ArgoprojV1alpha1().Workflows(bulkload.Namespace)
	s.raw, err = newRawClient(s.config)
	return s, err
}

// newClient makes a client of this library that has seen nothing yet.
func (s *scene) newClient() (*workflow.WorkflowClient, error) {
	return workflow.NewForConfig(s.config, workflow.Options{Namespace: bulkload.Namespace})
}
