package backfill

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// workload is a Deployment or ReplicaSet of workers.
type workload struct {
	resource        schema.GroupVersionResource
	kind, name      string
	uid             types.UID
	resourceVersion string
	replicas        int
	selector        labels.Selector
	note            *note // nil: there is none, or nobody has looked
}

func (w *workload) String() string { return fmt.Sprintf("%s %q", w.kind, w.name) }

func (w *workload) paused() bool { return w.note != nil && w.note.Paused }

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

// number is how many workers there are, or else were before the last pause.
func (w *workload) number() int {
	if w.replicas == 0 && w.note != nil {
		return w.note.Replicas
	}
	return w.replicas
}

// The goals of verbs. Where a pause and another client's number meet, Pause takes the number that
// there is, and Start the one that was noted.

func (w *workload) pausing() goal { return goal{&note{w.number(), true}, 0} }

func (w *workload) resuming() goal {
	switch {
	case w.paused() && w.note.Replicas > 0:
		return goal{&note{w.note.Replicas, false}, w.note.Replicas}
	case w.paused(): // it had no workers when it was paused
		return goal{&note{w.replicas, false}, w.replicas}
	}
	// A Pause that a Start has overtaken may have taken the workers away after that.
	return goal{w.note, w.number()}
}

func (w *workload) stopping() goal { return goal{nil, 0} }

// scaling is the goal of a number of workers. A pause goes on, unless it was cut off.
func (w *workload) scaling(replicas int) goal {
	switch {
	case !w.paused():
		return goal{w.note, replicas}
	case w.replicas == 0:
		return goal{&note{replicas, true}, 0}
	}
	return goal{&note{replicas, true}, replicas}
}

func (w *workload) asItIs() goal { return goal{w.note, w.replicas} }

// asJSON is for values with which nothing can go wrong.
func asJSON(value any) []byte {
	data, _ := json.Marshal(value)
	return data
}
