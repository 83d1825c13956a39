package main

import (
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Short, because a person is waiting.
const (
	retryFor    = 10 * time.Second
	callTimeout = 20 * time.Second
)

// open creates the backfill of the configuration, on the cluster found by kubectl's rules, or in a
// pod by its service account. It sends nothing.
func open(f flags) (b backfill.Backfill, release func(), err error) {
	text, err := os.ReadFile(f.config)
	if err != nil {
		return nil, nil, &inputError{err}
	}
	cfg, err := backfill.ParseConfig(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", f.config, err)
	}
	deps, release, err := connect(cfg, f)
	if err != nil {
		return nil, nil, err
	}
	if b, err = backfill.New(cfg, deps); err != nil {
		release()
		return nil, nil, fmt.Errorf("%s: %w", f.config, err)
	}
	return b, release, nil
}

func connect(cfg backfill.Config, f flags) (deps backfill.Dependencies, release func(), err error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: f.context}
	cluster, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return deps, nil, &inputError{fmt.Errorf("find a cluster: %w", err)}
	}
	cluster.UserAgent = "argoservice-backfill"
	cluster.WarningHandler = rest.NoWarnings{} // about the templates' output, which the user of this program can't fix
	deps.Workflows, err = workflow.NewForConfig(cluster, workflow.Options{Namespace: namespaceOf(cfg), RetryFor: retryFor})
	if err != nil {
		return deps, nil, err
	}
	workers := rest.CopyConfig(cluster)
	workers.Timeout = callTimeout
	workers.QPS = -1 // client-go takes 0 for 5 a second; the API server's priority and fairness is the limit
	if deps.Kubernetes, err = dynamic.NewForConfig(workers); err != nil {
		return deps, nil, err
	}
	deps.WorkingState, release, err = opensearch.NewOrUnreachable(cfg.WorkingStateCluster(), opensearch.Options{
		Secrets: opensearch.SecretsFromCluster(deps.Kubernetes, namespaceOf(cfg)),
		Timeout: callTimeout,
	})
	return deps, release, err
}

// namespaceOf returns the namespace of the workers, and of the workflow if there is one.
func namespaceOf(cfg backfill.Config) string {
	switch {
	case cfg.Backfill.Argo != nil:
		return cfg.Backfill.Argo.Namespace
	case cfg.Backfill.K8s != nil:
		return cfg.Backfill.K8s.Namespace
	}
	return ""
}
