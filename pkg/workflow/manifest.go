package workflow

import (
	"encoding/json"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

const (
	apiVersion = "argoproj.io/v1alpha1"
	kind       = "Workflow"

	labelTemplate        = "workflows.argoproj.io/workflow-template"
	labelClusterTemplate = "workflows.argoproj.io/cluster-workflow-template"
	labelInstanceID      = "workflows.argoproj.io/controller-instanceid"

	// maxNameLength: the name becomes the value of a label on every pod.
	maxNameLength = 63
)

// manifest makes the Workflow object of a checked request. It has the form of Argo's own
// submit: a reference to the template, with labels that say so, and overrides.
func (c *WorkflowClient) manifest(
	req StartRequest, texts map[string]string, mark marker,
) (*unstructured.Unstructured, error) {
	spec, err := copySpec(req.Spec)
	if err != nil {
		return nil, err
	}

	ref := map[string]any{"name": req.Template}
	templateLabel := labelTemplate
	if req.ClusterScope {
		ref["clusterScope"] = true
		templateLabel = labelClusterTemplate
	}
	spec["workflowTemplateRef"] = ref
	if req.Entrypoint != "" {
		spec["entrypoint"] = req.Entrypoint
	}
	if req.ServiceAccount != "" {
		spec["serviceAccountName"] = req.ServiceAccount
	}
	if len(texts) > 0 {
		arguments, _ := spec["arguments"].(map[string]any)
		if arguments == nil {
			arguments = map[string]any{}
		}
		arguments["parameters"] = parameterList(texts)
		spec["arguments"] = arguments
	}

	wf := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": spec}}
	wf.SetNamespace(c.namespace)
	wf.SetName(mark.name)
	labels := maps.Clone(req.Labels)
	if labels == nil {
		labels = map[string]string{}
	}
	if len(req.Template) <= maxNameLength { // a longer one is no label value
		labels[templateLabel] = req.Template
	}
	if c.instanceID != "" {
		labels[labelInstanceID] = c.instanceID
	}
	wf.SetLabels(labels)
	annotations := maps.Clone(req.Annotations)
	if annotations == nil {
		annotations = map[string]string{}
	}
	mark.annotate(annotations)
	wf.SetAnnotations(annotations)
	return wf, nil
}

// parameterList is sorted by name, so that the same request makes the same object.
func parameterList(texts map[string]string) []any {
	list := make([]any, 0, len(texts))
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		list = append(list, map[string]any{"name": name, "value": texts[name]})
	}
	return list
}

// copySpec brings a spec that may hold any Go values to the few types that an unstructured
// object may have.
func copySpec(spec map[string]any) (map[string]any, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	own := map[string]any{}
	if err := utiljson.Unmarshal(text, &own); err != nil {
		return nil, err
	}
	if own == nil { // spec was nil: "null"
		own = map[string]any{}
	}
	return own, nil
}
