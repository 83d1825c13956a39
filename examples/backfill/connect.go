package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Short, because a person is waiting.
const (
	retryFor    = 10 * time.Second
	callTimeout = 20 * time.Second
)

// opened is what a verb works on.
type opened struct {
	backfill  backfill.Backfill
	workflows workflow.Interface
	journal   *journal.Journal // nil without --journal
	release   func()           // closes the others
}

// open creates the backfill of the configuration, on the cluster found by kubectl's rules, or in a
// pod by its service account. It sends nothing to the cluster.
func open(ctx context.Context, f flags) (*opened, error) {
	text, err := os.ReadFile(f.config)
	if err != nil {
		return nil, &inputError{err}
	}
	cfg, err := backfill.ParseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.config, err)
	}
	o := &opened{release: func() {}}
	if o.journal, err = openJournal(ctx, f.journalFile); err != nil {
		return nil, err
	}
	if o.journal != nil {
		o.release = func() { _ = o.journal.Close() } // it reports what it could not store by itself
	}
	deps, release, err := connect(cfg, f, o.journal)
	if err != nil {
		o.release()
		return nil, err
	}
	closeJournal := o.release
	o.workflows, o.release = deps.Workflows, func() { release(); closeJournal() }
	if o.backfill, err = backfill.New(cfg, deps); err != nil {
		o.release()
		return nil, fmt.Errorf("%s: %w", f.config, err)
	}
	return o, nil
}

// openJournal opens the journal in a file, which it creates if there is none. It returns nil without a path.
func openJournal(ctx context.Context, path string) (*journal.Journal, error) {
	if path == "" {
		return nil, nil
	}
	j, err := journal.OpenSQLite(ctx, path, journal.Options{OnError: func(err error) {
		fmt.Fprintln(os.Stderr, "backfill:", status.Printable(oneLine(err.Error())))
	}})
	if err != nil {
		return nil, &inputError{fmt.Errorf("--journal %s: %w", path, err)}
	}
	return j, nil
}

func connect(cfg backfill.Config, f flags, past *journal.Journal) (deps backfill.Dependencies, release func(), err error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = f.kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: f.context}
	cluster, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return deps, nil, &inputError{fmt.Errorf("find a cluster: %w", err)}
	}
	cluster.UserAgent = "argoservice-backfill"
	cluster.WarningHandler = rest.NoWarnings{} // about the templates' output, which the user of this program can't fix
	opts := workflow.Options{Namespace: namespaceOf(cfg), RetryFor: retryFor}
	if past != nil { // a nil pointer in an interface is not nil
		opts.History = past
	}
	deps.Workflows, err = workflow.NewForConfig(cluster, opts)
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
