package main

import (
	"errors"

	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// workingState connects to the target cluster, with the secret that the configuration names. If
// this program can't use it, such as a secret of AWS Secrets Manager, everything else still works.
func workingState(cfg backfill.Config, kube dynamic.Interface) (backfill.WorkingState, func(), error) {
	state, err := opensearch.New(cfg.TargetCluster, opensearch.Options{
		Secrets: opensearch.SecretsFromCluster(kube, namespaceOf(cfg)),
		Timeout: callTimeout,
	})
	switch {
	case errors.Is(err, workflow.ErrUnsupported):
		return backfill.Unreachable(err), func() {}, nil
	case err != nil:
		return nil, nil, err
	}
	return state, func() { _ = state.Close() }, nil
}
