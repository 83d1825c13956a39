package workers

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

// Workload is a Deployment or ReplicaSet of workers.
type Workload struct {
	Kind, Name string
	Replicas   int     // that it should have
	Record     *Record // nil if there is none

	resource        schema.GroupVersionResource
	uid             types.UID
	resourceVersion string
	selector        labels.Selector
}

// String returns kind and name.
func (w *Workload) String() string { return fmt.Sprintf("%s %q", w.Kind, w.Name) }

// Paused reports whether the workload was paused, and not resumed since.
func (w *Workload) Paused() bool { return w.Record != nil && w.Record.Paused }

// newWorkload reads an object of the API server.
func newWorkload(resource schema.GroupVersionResource, o *unstructured.Unstructured) (*Workload, error) {
	w := &Workload{
		resource: resource, Kind: o.GetKind(), Name: o.GetName(), uid: o.GetUID(), resourceVersion: o.GetResourceVersion(),
		Replicas: 1, // the API's default
	}
	unreadable := func(err error) (*Workload, error) { return nil, fmt.Errorf("read %s: %w", w, err) }
	replicas, found, err := unstructured.NestedInt64(o.Object, "spec", "replicas")
	if err != nil {
		return unreadable(err)
	}
	if found {
		w.Replicas = int(replicas)
	}
	fields, _, err := unstructured.NestedMap(o.Object, "spec", "selector")
	if err != nil {
		return unreadable(err)
	}
	var selector metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(fields, &selector); err != nil {
		return unreadable(err)
	}
	if w.selector, err = metav1.LabelSelectorAsSelector(&selector); err != nil {
		return unreadable(err)
	}
	return w, nil
}

// replicasOrRecorded returns the number of workers, or if there are none, the number before the
// last pause.
func (w *Workload) replicasOrRecorded() int {
	if w.Replicas == 0 && w.Record != nil {
		return w.Record.Replicas
	}
	return w.Replicas
}
