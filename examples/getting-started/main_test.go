package main

import (
	"context"
	"errors"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ended has one workflow, which has ended as the object says.
type ended struct {
	workflows        // nil: a call of any other method panics
	object    string // as the API server would send it
}

func (e ended) Start(context.Context, workflow.StartRequest) (*workflow.StartResult, error) {
	s, err := status.FromJSON([]byte(e.object))
	return &workflow.StartResult{WorkflowStatus: s}, err
}

func (e ended) Wait(context.Context, string, workflow.Condition, ...workflow.WaitOption) (*status.WorkflowStatus, error) {
	return status.FromJSON([]byte(e.object))
}

func TestLoadReturnsTheFailure(t *testing.T) {
	err := load(t.Context(), ended{object: `{
		"metadata": {"name": "load-1", "namespace": "ma"},
		"status": {"phase": "Failed", "message": "no space left"}
	}`}, "books-1")
	var failed *status.FailedError
	if !errors.As(err, &failed) || failed.Message != "no space left" {
		t.Errorf("load returned %v", err)
	}
}
