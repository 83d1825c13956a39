package argocheck

import (
	"context"
	"encoding/json"
	"io"
	"testing"

	wfv3 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	filev3 "github.com/argoproj/argo-workflows/v3/util/file"
	utilv3 "github.com/argoproj/argo-workflows/v3/workflow/util"
	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	"github.com/argoproj/argo-workflows/v4/util/file"
	"github.com/argoproj/argo-workflows/v4/util/logging"
	"github.com/argoproj/argo-workflows/v4/workflow/util"
	"github.com/sirupsen/logrus"
	"k8s.io/apimachinery/pkg/runtime"
)

// release is a release of Argo. Its workflows are in the types of the newest one.
type release struct {
	name, module string
	decode       func(text []byte) (*wfv1.Workflow, error)
	pack         func(nodes string) string
	retry        func(object map[string]any) (after *wfv1.Workflow, pods []string, err error)
	retried      wfv1.WorkflowPhase // the phase that retry sets
}

// forEachRelease runs a test with the code of each release of Argo.
func forEachRelease(t *testing.T, test func(t *testing.T, argo release)) {
	t.Helper()
	logrus.SetOutput(io.Discard)
	ctx := logging.WithLogger(t.Context(), logging.NewSlogLoggerCustom(logging.Error, logging.Text, io.Discard))
	for _, argo := range []release{
		{
			"3.7", "github.com/argoproj/argo-workflows/v3", decodeAs[wfv3.Workflow], filev3.CompressEncodeString,
			func(object map[string]any) (*wfv1.Workflow, []string, error) {
				return retryAs(ctx, object, utilv3.FormulateRetryWorkflow)
			}, wfv1.WorkflowRunning,
		},
		{
			"4.0", "github.com/argoproj/argo-workflows/v4", decodeAs[wfv1.Workflow],
			func(nodes string) string { return file.CompressEncodeString(ctx, nodes) },
			func(object map[string]any) (*wfv1.Workflow, []string, error) {
				return retryAs(ctx, object, util.FormulateRetryWorkflow)
			}, wfv1.WorkflowUnknown,
		},
	} {
		t.Run(argo.name, func(t *testing.T) { test(t, argo) })
	}
}

// decodeAs decodes a workflow with the type of a release.
func decodeAs[W any](text []byte) (*wfv1.Workflow, error) {
	wf := new(W)
	if err := json.Unmarshal(text, wf); err != nil {
		return nil, err
	}
	return newest(wf)
}

// retryAs retries a workflow with the function of a release.
func retryAs[W any](ctx context.Context, object map[string]any,
	retry func(context.Context, *W, bool, string, []string) (*W, []string, error),
) (*wfv1.Workflow, []string, error) {
	wf := new(W)
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object, wf); err != nil {
		return nil, nil, err
	}
	after, pods, err := retry(ctx, wf, false, "", nil)
	if err != nil {
		return nil, nil, err
	}
	converted, err := newest(after)
	return converted, pods, err
}

// newest converts a workflow of a release to the newest type.
func newest(wf any) (*wfv1.Workflow, error) {
	if wf, ok := wf.(*wfv1.Workflow); ok {
		return wf, nil
	}
	text, err := json.Marshal(wf)
	if err != nil {
		return nil, err
	}
	converted := &wfv1.Workflow{}
	return converted, json.Unmarshal(text, converted)
}
