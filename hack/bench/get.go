package main

import (
	"context"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/bench/bulkload"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

// measureGet reads a workflow that has just been started, and one that ended with as many
// nodes as a bulk load of a few shards has.
func (s *scene) measureGet(ctx context.Context, rounds int) ([]report.Row, error) {
	started, err := s.ours.Start(ctx, bulkload.Request())
	if err != nil {
		return nil, err
	}
	ended := bigWorkflow(20)
	ended.UID, ended.ResourceVersion = "", ""
	if _, err := s.argo.Create(ctx, ended, metav1.CreateOptions{}); err != nil {
		return nil, err
	}
	rows, err := s.raceGet(ctx, rounds, "Get, workflow just started", started.Name, 1.15)
	if err != nil {
		return nil, err
	}
	// No limit: reading the JSON of nodes costs as much as the limit allows, whoever does it.
	more, err := s.raceGet(ctx, rounds, "Get, workflow of 20 nodes", ended.Name, 0)
	if err != nil {
		return nil, err
	}
	return append(rows, more...), nil
}

func (s *scene) raceGet(ctx context.Context, rounds int, what, name string, limit float64) ([]report.Row, error) {
	const ours = "ours"
	typed := func(ctx context.Context, name string) (*wfv1.Workflow, error) {
		return s.argo.Get(ctx, name, metav1.GetOptions{})
	}
	medians, err := race(ctx, rounds, []peer{
		{name: ours, once: timing(s.ours.Get, name)},
		{name: rawGet, once: timing(s.raw.get, name)},
		{name: rawDecodedGet, once: timing(s.raw.getDecoded, name)},
		{name: clientset, once: timing(typed, name)},
		{name: kubectlGet, every: kubectlEvery, once: timing(s.kubectl.get, name)},
	})
	if err != nil {
		return nil, err
	}
	return []report.Row{
		raceRow(what, medians, ours, rawGet, limit),
		raceRow(what, medians, ours, rawDecodedGet, 0),
		raceRow(what, medians, ours, clientset, 0),
		raceRow(what, medians, ours, kubectlGet, 0),
	}, nil
}
