package envtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"
)

// Argo's controller passes a template to the executor in the environment of the init container or,
// if it is too long for that, in a ConfigMap with the pod's name.
const (
	envTemplate       = "ARGO_TEMPLATE"
	offloadedTemplate = "offloaded"
)

// podTemplate is the part of a pod's template that the stand-in needs.
type podTemplate struct {
	Resource *resourceSpec `json:"resource"`
	Outputs  struct {
		Parameters []map[string]any `json:"parameters"`
	} `json:"outputs"`
}

// resourceSpec is Argo's ResourceTemplate without setOwnerReference: the controller has put the
// reference into the manifest.
type resourceSpec struct {
	Action           string          `json:"action"`
	MergeStrategy    string          `json:"mergeStrategy"`
	Manifest         string          `json:"manifest"`
	ManifestFrom     json.RawMessage `json:"manifestFrom"`
	SuccessCondition string          `json:"successCondition"`
	FailureCondition string          `json:"failureCondition"`
	Flags            []string        `json:"flags"`
}

// templateOf returns the template of a pod as its environment has it: JSON, or a marker that it is
// offloaded, or "" if it has none.
func templateOf(pod *corev1.Pod) string {
	for _, container := range slices.Concat(pod.Spec.InitContainers, pod.Spec.Containers) {
		for _, env := range container.Env {
			if env.Name == envTemplate && env.Value != "" {
				return env.Value
			}
		}
	}
	return ""
}

// checkTemplate returns an error, in Argo's words, for a resource template that is invalid
// anywhere, and for one that the stand-in doesn't support.
func checkTemplate(t *podTemplate) error {
	r := t.Resource
	switch r.Action {
	case "get", "create", "apply", "patch", "delete":
	default:
		return fmt.Errorf("action %q is not one that the stand-in for the executor can perform", r.Action)
	}
	if len(r.ManifestFrom) > 0 {
		return errors.New("the stand-in for the executor has no artifacts, so it can't do manifestFrom")
	}
	if r.Manifest == "" && len(r.Flags) == 0 {
		return errors.New("Must provide at least one of flags or manifest.")
	}
	if r.Action == "delete" && (r.SuccessCondition != "" || r.FailureCondition != "" || len(t.Outputs.Parameters) > 0) {
		return errors.New("successCondition, failureCondition and outputs are not supported for delete action")
	}
	for _, parameter := range t.Outputs.Parameters {
		if from := valueFrom(parameter); from["jqFilter"] != nil && from["jsonPath"] == nil {
			return fmt.Errorf("output parameter %v: the stand-in for the executor has no jq, "+
				"use jsonPath in place of jqFilter", parameter["name"])
		}
	}
	return nil
}

// patchOf returns the patch in a manifest and its type.
func patchOf(r *resourceSpec) (types.PatchType, []byte, error) {
	strategies := map[string]types.PatchType{
		"":          types.StrategicMergePatchType,
		"strategic": types.StrategicMergePatchType,
		"merge":     types.MergePatchType,
		"json":      types.JSONPatchType,
	}
	kind, known := strategies[r.MergeStrategy]
	if !known {
		return "", nil, fmt.Errorf("mergeStrategy %q is none of strategic, merge, json", r.MergeStrategy)
	}
	patch, err := yaml.YAMLToJSON([]byte(r.Manifest))
	if err != nil {
		return "", nil, fmt.Errorf("the manifest is not YAML: %w", err)
	}
	return kind, patch, nil
}

// manifestObjects returns the objects of a manifest. There are none for a patch, which need not be
// an object; then the flags name its target.
func manifestObjects(r *resourceSpec) ([]*unstructured.Unstructured, error) {
	if r.Action == "patch" {
		kind, patch, err := patchOf(r)
		if err != nil {
			return nil, err
		}
		var object metav1.TypeMeta
		if kind == types.JSONPatchType || json.Unmarshal(patch, &object) == nil && object.Kind == "" {
			return nil, nil
		}
	}
	objects, err := decodeObjects(bytes.NewBufferString(r.Manifest))
	if err != nil {
		return nil, fmt.Errorf("the manifest can't be read: %w", err)
	}
	return objects, nil
}
