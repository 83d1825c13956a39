package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/workflow/packer"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// decodedNodes is how many nodes the status has that is decoded: about as many as fit in
// an object when compressed.
const decodedNodes = 10_000

// bigObject is that status as a client receives it, and Argo's packer has compressed it.
func bigObject(ctx context.Context) (*unstructured.Unstructured, error) {
	wf := bigWorkflow(decodedNodes)
	if err := packer.CompressWorkflowIfNeeded(ctx, wf); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if wf.Status.CompressedNodes == "" {
		return nil, errors.New("the nodes were not compressed")
	}
	text, err := json.Marshal(wf)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	u := &unstructured.Unstructured{}
	if err := u.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return u, nil
}

// decodeOurs is what this library does with an object it has received.
func decodeOurs(u *unstructured.Unstructured) (*status.WorkflowStatus, error) {
	s, err := status.FromUnstructured(u)
	if err != nil {
		return nil, err
	}
	if s.NodesErr != nil {
		return nil, s.NodesErr
	}
	return s, nil
}

// decodeArgo is what Argo's controller and clients do: workflow/util.FromUnstructured, which
// is this converter, and the packer.
func decodeArgo(ctx context.Context, u *unstructured.Unstructured) (*wfv1.Workflow, error) {
	wf := &wfv1.Workflow{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, wf); err != nil {
		return nil, err
	}
	if err := packer.DecompressWorkflow(ctx, wf); err != nil {
		return nil, err
	}
	return wf, nil
}

// decoder is one way to decode the status.
type decoder struct {
	name   string
	decode func(*unstructured.Unstructured) error
}

// decoders are the ways that are compared. ours-everything also reads the inputs and outputs of each
// node, which the library leaves until it is asked for them.
func decoders(ctx context.Context) []decoder {
	return []decoder{
		{"ours", func(u *unstructured.Unstructured) error { _, err := decodeOurs(u); return err }},
		{"ours-everything", func(u *unstructured.Unstructured) error {
			s, err := decodeOurs(u)
			if err != nil {
				return err
			}
			for _, n := range s.Nodes {
				n.Inputs()
				n.Outputs()
			}
			return nil
		}},
		{"argo", func(u *unstructured.Unstructured) error { _, err := decodeArgo(ctx, u); return err }},
	}
}
