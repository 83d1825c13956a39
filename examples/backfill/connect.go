package main

import (
	"fmt"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// connect finds the cluster by kubectl's rules, and in a pod by its service account.
func connect(cfg backfill.Config, flags flags) (*workflow.WorkflowClient, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = flags.kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: flags.context}
	rest, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, &inputError{fmt.Errorf("find a cluster: %w", err)}
	}
	opts := workflow.Options{
		UserAgent: "argoservice-backfill",
		RetryFor:  10 * time.Second, // a person is waiting
	}
	if cfg.Backfill.Argo != nil {
		opts.Namespace = cfg.Backfill.Argo.Namespace
	}
	return workflow.NewForConfig(rest, opts)
}
