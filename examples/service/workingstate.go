package main

import (
	"context"
	"errors"
	"iter"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// workingState reaches the target cluster, with the Secret that the configuration names. Where this
// service can't, such as with a secret of AWS Secrets Manager, the shards are unknown and everything
// else works.
func workingState(cfg backfill.Config, kube dynamic.Interface) (backfill.WorkingState, func(), error) {
	state, err := opensearch.New(cfg.TargetCluster, opensearch.Options{
		Secrets: opensearch.SecretsFromCluster(kube, namespaceOf(cfg)),
		Timeout: callTimeout,
	})
	switch {
	case errors.Is(err, workflow.ErrUnsupported):
		return unreachable{err}, func() {}, nil
	case err != nil:
		return nil, nil, err
	}
	return state, func() { _ = state.Close() }, nil
}

// unreachable is a working state of which nothing can be had but the reason.
type unreachable struct{ err error }

func (u unreachable) Counts(context.Context, string, time.Time) (backfill.Counts, error) {
	return backfill.Counts{}, u.err
}

func (u unreachable) Size(context.Context, string) (int64, error) { return 0, u.err }

func (u unreachable) Documents(context.Context, string) iter.Seq2[backfill.Document, error] {
	return func(yield func(backfill.Document, error) bool) { yield(backfill.Document{}, u.err) }
}

func (u unreachable) Restore(context.Context, string, iter.Seq2[backfill.Document, error]) (int64, error) {
	return 0, u.err
}

func (u unreachable) Delete(context.Context, string) error { return u.err }
