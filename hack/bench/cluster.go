package main

import (
	"github.com/argoproj/argo-workflows/v4/pkg/client/clientset/versioned"
	argoclient "github.com/argoproj/argo-workflows/v4/pkg/client/clientset/versioned/typed/workflow/v1alpha1"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/bench/bulkload"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// scene has each peer's client of one API server, which no controllers use.
type scene struct {
	config  *rest.Config
	ours    *workflow.WorkflowClient
	argo    argoclient.WorkflowInterface
	raw     *rawClient
	kubectl kubectl
}

func newScene(cluster *envtest.Cluster) (s *scene, err error) {
	s = &scene{config: cluster.Config(), kubectl: kubectl{cluster}}
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
