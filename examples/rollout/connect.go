package main

import (
	"fmt"
	"time"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// userAgent identifies the native client to the API server; kubectl uses its own name.
const userAgent = "argoservice-rollout"

// comparisons is the number of concurrent comparisons of the router. For native reads, each is a
// process.
const comparisons = 8

// connect finds the cluster by kubectl's rules, and in a pod by its service account, and builds the
// client that the environment selects. Without a ledger there are no shadow reads.
func connect(f flags, lookup lookupFunc, notes *ledger) (*legacy.Router, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: f.context}
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, &inputError{fmt.Errorf("find a cluster: %w", err)}
	}
	cfg.UserAgent = userAgent
	opts := legacy.FromEnvOptions{
		Options:    workflow.Options{Namespace: f.namespace, RetryFor: 10 * time.Second},
		Lookup:     lookup,
		Subprocess: legacy.SubprocessOptions{Binary: f.kubectl, Kubeconfig: f.kubeconfig, Context: f.context},
	}
	if notes != nil {
		opts.OnRoute = notes.routed
		opts.Shadow = legacy.ShadowOptions{OnDifference: notes.differed, Limit: comparisons}
	}
	// This is the line that a service changes. Everything else uses workflow.Interface.
	return legacy.FromEnv(cfg, opts)
}
