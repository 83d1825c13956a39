package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/bench/bulkload"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
)

// measureStart starts workflows with each peer.
func (s *scene) measureStart(ctx context.Context, rounds int) ([]report.Row, error) {
	sent, err := s.sentByOurs(ctx)
	if err != nil {
		return nil, err
	}
	const (
		warm, cold  = "ours", "ours, template not known"
		placeholder = "NAME-OF-THE-WORKFLOW"
	)
	sent.SetName(placeholder)
	body, err := sent.MarshalJSON()
	if err != nil {
		return nil, err
	}
	var typed wfv1.Workflow
	if err := json.Unmarshal(body, &typed); err != nil {
		return nil, err
	}
	count := 0
	name := func() string { count++; return fmt.Sprintf("bench-%d", count) }

	medians, err := race(ctx, rounds, []peer{
		{name: warm, once: func(ctx context.Context) (time.Duration, error) {
			req := bulkload.Request()
			return timed(func() error { _, err := s.ours.Start(ctx, req); return err })
		}},
		{name: cold, once: func(ctx context.Context) (time.Duration, error) {
			client, err := s.newClient()
			if err != nil {
				return 0, err
			}
			req := bulkload.Request()
			return timed(func() error { _, err := client.Start(ctx, req); return err })
		}},
		{name: rawPost, once: func(ctx context.Context) (time.Duration, error) {
			named := bytes.Replace(body, []byte(placeholder), []byte(name()), 1)
			return timed(func() error { _, err := s.raw.post(ctx, named); return err })
		}},
		{name: clientset, once: func(ctx context.Context) (time.Duration, error) {
			wf := typed.DeepCopy()
			wf.Name = name()
			return timed(func() error { _, err := s.argo.Create(ctx, wf, metav1.CreateOptions{}); return err })
		}},
		{name: kubectlCreate, every: kubectlEvery, once: func(ctx context.Context) (time.Duration, error) {
			named := sent.DeepCopy()
			named.SetName(name())
			return timed(func() error { _, err := s.kubectl.start(ctx, named.Object); return err })
		}},
	})
	if err != nil {
		return nil, err
	}
	return []report.Row{
		raceRow("Start", medians, warm, rawPost, 1.5),
		raceRow("Start, template not known yet", medians, cold, rawPost, 3),
		raceRow("Start", medians, warm, clientset, 0),
		raceRow("Start", medians, warm, kubectlCreate, 0),
	}, nil
}

// sentByOurs is the object that this library creates, as far as the client makes it.
func (s *scene) sentByOurs(ctx context.Context) (*unstructured.Unstructured, error) {
	started, err := s.ours.Start(ctx, bulkload.Request())
	if err != nil {
		return nil, err
	}
	sent := started.Raw().DeepCopy()
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"} {
		unstructured.RemoveNestedField(sent.Object, "metadata", field)
	}
	return sent, nil
}
