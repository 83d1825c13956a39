package envtest

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// These annotations of a Workflow's pod control it; see the package's documentation.
const (
	AnnotationDuration = "envtest.argoservice/duration"
	AnnotationExitCode = "envtest.argoservice/exit-code"
	AnnotationMessage  = "envtest.argoservice/message"
	AnnotationOutputs  = "envtest.argoservice/outputs"
	AnnotationProgress = "envtest.argoservice/progress"

	// annotationReported is set by the stand-in when it has reported. It lets the pod end (see
	// stages.yaml).
	annotationReported = "envtest.argoservice/reported"
	// annotationUnreported is why the stand-in could not report.
	annotationUnreported = "envtest.argoservice/unreported"
)

// These names are Argo's.
const (
	labelWorkflow  = "workflows.argoproj.io/workflow"
	labelCompleted = "workflows.argoproj.io/completed"
	labelReported  = "workflows.argoproj.io/report-outputs-completed"
	annotationNode = "workflows.argoproj.io/node-id"
	argoAPIVersion = "argoproj.io/v1alpha1"
)

// needsReport reports whether a pod belongs to a Workflow's node, runs, and has no report yet.
func needsReport(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning &&
		pod.DeletionTimestamp == nil &&
		pod.Annotations[annotationNode] != "" &&
		pod.Annotations[annotationReported] != "true" &&
		workflowOf(pod) != nil
}

// workflowOf returns the reference to the Workflow that owns a pod, or nil.
func workflowOf(pod *corev1.Pod) *metav1.OwnerReference {
	for i, owner := range pod.OwnerReferences {
		if owner.APIVersion == argoAPIVersion && owner.Kind == "Workflow" {
			return &pod.OwnerReferences[i]
		}
	}
	return nil
}

// taskResult returns the WorkflowTaskResult for a pod. Its owner is the Workflow, as with the real
// executor, so that it outlives the pod.
func taskResult(pod *corev1.Pod) (*unstructured.Unstructured, error) {
	owner := workflowOf(pod)
	result := &unstructured.Unstructured{Object: map[string]any{}}
	result.SetAPIVersion(argoAPIVersion)
	result.SetKind("WorkflowTaskResult")
	result.SetNamespace(pod.Namespace)
	result.SetName(pod.Annotations[annotationNode])
	result.SetLabels(map[string]string{labelWorkflow: owner.Name, labelReported: "true"})
	result.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion: owner.APIVersion, Kind: owner.Kind, Name: owner.Name, UID: owner.UID,
	}})
	if text := pod.Annotations[AnnotationOutputs]; text != "" {
		var outputs map[string]any
		if err := json.Unmarshal([]byte(text), &outputs); err != nil {
			return nil, fmt.Errorf("annotation %s is not a JSON object: %w", AnnotationOutputs, err)
		}
		trimParameters(outputs)
		result.Object["outputs"] = outputs
	}
	if progress := pod.Annotations[AnnotationProgress]; progress != "" {
		result.Object["progress"] = progress
	}
	return result, nil
}

// trimParameters removes one newline from the end of each output parameter, as Argo's executor does with the
// files that it reads them from.
func trimParameters(outputs map[string]any) {
	parameters, _ := outputs["parameters"].([]any)
	for _, item := range parameters {
		if parameter, ok := item.(map[string]any); ok {
			if value, ok := parameter["value"].(string); ok {
				parameter["value"] = strings.TrimSuffix(value, "\n")
			}
		}
	}
}
