package workflow

import (
	"context"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Every source is checked, not only manifests.
func TestProblemsOfEverySource(t *testing.T) {
	manifest := []byte("{metadata: {name: a}, spec: {arguments: {parameters: [{name: a}, {}]}}}")
	_, problems := manifestDraft(t.Context(), StartRequest{Manifest: manifest}, "ma")
	if got := strings.Join(fieldsOf(t, invalid(problems...)), " "); got != "manifest.spec.arguments.parameters[1].name" {
		t.Errorf("manifest: %s", got)
	}
	old := &unstructured.Unstructured{Object: fromYAML(t, "{metadata: {name: a}, spec: {arguments: {parameters: {a: 1}}}}")}
	_, err := resubmission(old)
	if got := strings.Join(fieldsOf(t, err), " "); got != "workflow.spec.arguments.parameters" {
		t.Errorf("resubmission: %s", got)
	}
	c := &WorkflowClient{namespace: "ma", crons: answering(fromYAML(t, `
metadata: {name: nightly}
spec:
  workflowMetadata: {labels: {workflows.argoproj.io/phase: Running}}
  workflowSpec: {arguments: [a], workflowTemplateRef: {name: a/b}}
`))}
	_, err = c.cronDraft(context.Background(), c.pacer(), "nightly")
	want := "cronWorkflow.spec.workflowSpec.arguments cronWorkflow.spec.workflowSpec.workflowTemplateRef.name " +
		"cronWorkflow.spec.workflowMetadata.labels[workflows.argoproj.io/phase]"
	if got := strings.Join(fieldsOf(t, err), " "); got != want {
		t.Errorf("cron: %s", got)
	}
}
