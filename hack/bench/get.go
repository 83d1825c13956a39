package main

import (
	"context"
	"encoding/json"
	"time"

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
	var rows []report.Row
	for _, object := range []read{
		{"Get, workflow just started", started.Name, 1.15},
		// No limit: reading the JSON of nodes costs as much as the limit allows, whoever does it.
		{"Get, workflow of 20 nodes", ended.Name, 0},
	} {
		more, err := s.raceGet(ctx, rounds, object)
		if err != nil {
			return nil, err
		}
		rows = append(rows, more...)
	}
	return rows, nil
}

// read is one workflow that is read.
type read struct {
	what, name string
	limit      float64
}

func (s *scene) raceGet(ctx context.Context, rounds int, of read) ([]report.Row, error) {
	const ours = "ours"
	medians, err := race(ctx, rounds, []peer{
		{name: ours, once: func(ctx context.Context) (time.Duration, error) {
			return timed(func() error { _, err := s.ours.Get(ctx, of.name); return err })
		}},
		{name: rawGet, once: func(ctx context.Context) (time.Duration, error) {
			return timed(func() error { _, err := s.raw.get(ctx, of.name); return err })
		}},
		{name: rawDecodedGet, once: func(ctx context.Context) (time.Duration, error) {
			return timed(func() error {
				answer, err := s.raw.get(ctx, of.name)
				if err != nil {
					return err
				}
				var object map[string]any
				return json.Unmarshal(answer, &object)
			})
		}},
		{name: clientset, once: func(ctx context.Context) (time.Duration, error) {
			return timed(func() error { _, err := s.argo.Get(ctx, of.name, metav1.GetOptions{}); return err })
		}},
		{name: kubectlGet, every: kubectlEvery, once: func(ctx context.Context) (time.Duration, error) {
			return timed(func() error { _, err := s.kubectl.get(ctx, of.name); return err })
		}},
	})
	if err != nil {
		return nil, err
	}
	return []report.Row{
		raceRow(of.what, medians, ours, rawGet, of.limit),
		raceRow(of.what, medians, ours, rawDecodedGet, 0),
		raceRow(of.what, medians, ours, clientset, 0),
		raceRow(of.what, medians, ours, kubectlGet, 0),
	}, nil
}
