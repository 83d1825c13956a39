package differential

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// Template is the WorkflowTemplate that sequences start from.
const Template = "differential"

const templateManifest = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {name: ` + Template + `}
spec:
  entrypoint: main
  arguments: {parameters: [{name: message, value: hello}, {name: count, value: "1"}]}
  templates:
  - name: main
    steps: [[{name: approve, template: approve}], [{name: load, template: load}]]
  - name: approve
    suspend: {}
    outputs: {parameters: [{name: by, valueFrom: {supplied: {}}}, {name: note, valueFrom: {supplied: {}, default: none}}]}
  - name: load
    container: {image: load, args: ["{{workflow.parameters.message}}", "{{workflow.parameters.count}}"]}
`

// Side is one of the two implementations, in a namespace of its own.
type Side struct {
	// Client is the implementation, working in Namespace, with an instance ID that no controller
	// has.
	Client    workflow.Interface
	Namespace string
	// Admin prepares and inspects the cluster.
	Admin dynamic.Interface
}

func (s Side) workflows() dynamic.ResourceInterface { return argotest.Workflows(s.Admin, s.Namespace) }

// Prepare creates what sequences start from. It is called once for a side.
func (s Side) Prepare(ctx context.Context) error {
	// Without argotest.Object, which panics outside Gomega: the comparison can run in any program.
	template := &unstructured.Unstructured{}
	if err := yaml.Unmarshal([]byte(templateManifest), &template.Object); err != nil {
		return err
	}
	templates := argotest.Templates(s.Admin, s.Namespace)
	if _, err := templates.Create(ctx, template, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create template: %w", err)
	}
	return nil
}

// clear deletes all workflows.
func (s Side) clear(ctx context.Context) error {
	background := metav1.DeletePropagationBackground
	err := s.workflows().DeleteCollection(ctx, metav1.DeleteOptions{PropagationPolicy: &background}, metav1.ListOptions{})
	if err != nil {
		return fmt.Errorf("clear namespace %s: %w", s.Namespace, err)
	}
	return nil
}
