package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
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

	create := func(ctx context.Context, wf *wfv1.Workflow) (*wfv1.Workflow, error) {
		return s.argo.Create(ctx, wf, metav1.CreateOptions{})
	}
	medians, err := race(ctx, rounds, []peer{
		{name: warm, once: timing(s.ours.Start, bulkload.Request())},
		{name: cold, once: func(ctx context.Context) (time.Duration, error) {
			client, err := s.newClient()
			if err != nil {
				return 0, err
			}
			return timed(ctx, client.Start, bulkload.Request())
		}},
		{name: rawPost, once: func(ctx context.Context) (time.Duration, error) {
			return timed(ctx, s.raw.post, bytes.Replace(body, []byte(placeholder), []byte(name()), 1))
		}},
		{name: clientset, once: func(ctx context.Context) (time.Duration, error) {
			wf := typed.DeepCopy()
			wf.Name = name()
			return timed(ctx, create, wf)
		}},
		{name: kubectlCreate, every: kubectlEvery, once: func(ctx context.Context) (time.Duration, error) {
			named := sent.DeepCopy()
			named.SetName(name())
			return timed(ctx, s.kubectl.start, named.Object)
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
