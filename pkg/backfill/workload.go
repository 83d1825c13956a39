package backfill

import (
	"encoding/json"
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// annotationPaused remembers, on a Deployment or ReplicaSet, the replicas it had before a pause.
const annotationPaused = "argoservice.opensearch.org/paused-replicas"

// workload is a Deployment or ReplicaSet of workers.
type workload struct {
	resource        schema.GroupVersionResource
	kind, name      string
	uid             types.UID
	resourceVersion string
	replicas        int
	paused          bool
	before          int // the pause
	selector        labels.Selector
}

func (w *workload) String() string { return fmt.Sprintf("%s %q", w.kind, w.name) }

// number is how many workers there are to be once it isn't paused.
func (w *workload) number() int {
	if w.paused {
		return w.before
	}
	return w.replicas
}

// workloadOf reads what the API server gives.
func workloadOf(resource schema.GroupVersionResource, o *unstructured.Unstructured) (*workload, error) {
	w := &workload{
		resource: resource, kind: o.GetKind(), name: o.GetName(), uid: o.GetUID(), resourceVersion: o.GetResourceVersion(),
		replicas: 1, // as the API says of one that states none
	}
	wrong := func(err error) (*workload, error) { return nil, fmt.Errorf("read %s: %w", w, err) }
	replicas, found, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if err != nil {
		return wrong(err)
	}
	if found {
		w.replicas = int(replicas)
	}
	if text, paused := o.GetAnnotations()[annotationPaused]; paused {
		w.paused = true
		if w.before, err = strconv.Atoi(text); err != nil || w.before < 0 {
			return wrong(fmt.Errorf("annotation %s is %q, and no number of replicas", annotationPaused, text))
		}
	}
	fields, _, err := unstructured.NestedMap(o.Object, "spec", "selector")
	if err != nil {
		return wrong(err)
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &selector); err != nil {
		return wrong(err)
	}
	if w.selector, err = metav1.LabelSelectorAsSelector(&selector); err != nil {
		return wrong(err)
	}
	return w, nil
}

// The patches that lead from what was read to what is wanted; nil: it is so already. They hold the
// version that was read, so that a change made meanwhile is not lost.

func (w *workload) pausing() []byte {
	if w.paused && w.replicas == 0 {
		return nil
	}
	return w.patch(0, strconv.Itoa(w.number()))
}

func (w *workload) resuming() []byte {
	if !w.paused {
		return nil
	}
	return w.patch(w.before, nil)
}

func (w *workload) stopping() []byte {
	if !w.paused && w.replicas == 0 {
		return nil
	}
	return w.patch(0, nil)
}

// remembering changes the number that is kept during a pause.
func (w *workload) remembering(replicas int) []byte {
	if w.before == replicas {
		return nil
	}
	return w.patch(0, strconv.Itoa(replicas))
}

// scaling is for the scale subresource, which has no annotations of its own.
func (w *workload) scaling(replicas int) []byte {
	return asJSON(map[string]any{
		"metadata": map[string]any{"resourceVersion": w.resourceVersion},
		"spec":     map[string]any{"replicas": replicas},
	})
}

func (w *workload) patch(replicas int, paused any) []byte {
	return asJSON(map[string]any{
		"metadata": map[string]any{"resourceVersion": w.resourceVersion, "annotations": map[string]any{annotationPaused: paused}},
		"spec":     map[string]any{"replicas": replicas},
	})
}

// asJSON is for maps of texts and numbers, with which nothing can go wrong.
func asJSON(patch map[string]any) []byte {
	data, _ := json.Marshal(patch)
	return data
}
