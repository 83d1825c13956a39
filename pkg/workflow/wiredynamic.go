package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// dynamicWire reads over a dynamic client that the host has made, and writes the JSON anew:
// dearer than [restWire], but all there is behind that interface.
type dynamicWire struct {
	workflows dynamic.ResourceInterface
}

func (w *dynamicWire) get(ctx context.Context, name string) ([]byte, error) {
	obj, err := w.workflows.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, err
	}
	return json.Marshal(obj.Object)
}

func (w *dynamicWire) list(ctx context.Context, opts metav1.ListOptions, alive func(), each func([]byte)) (metav1.ListMeta, error) {
	page, err := w.workflows.List(ctx, opts)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	alive()
	for _, item := range page.Items {
		text, err := json.Marshal(item.Object)
		if err != nil {
			return metav1.ListMeta{}, fmt.Errorf("workflow %s: %w", item.GetName(), err)
		}
		each(text)
	}
	return metaOf(page), nil
}

func metaOf(page *unstructured.UnstructuredList) metav1.ListMeta {
	return metav1.ListMeta{
		ResourceVersion: page.GetResourceVersion(), Continue: page.GetContinue(), RemainingItemCount: page.GetRemainingItemCount(),
	}
}

func (w *dynamicWire) objects(ctx context.Context, opts metav1.ListOptions) ([]listItem, metav1.ListMeta, error) {
	page, err := w.workflows.List(ctx, opts)
	if err != nil {
		return nil, metav1.ListMeta{}, err
	}
	objects := make([]listItem, len(page.Items))
	for i := range page.Items {
		item := page.Items[i] // a copy, so that who keeps one doesn't keep the page
		objects[i] = listItem{name: item.GetName(), object: &item}
	}
	return objects, metaOf(page), nil
}

func (w *dynamicWire) watch(ctx context.Context, opts metav1.ListOptions, alive func()) (eventStream, error) {
	watching, err := w.workflows.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &objectStream{ended: ctx.Done(), watching: watching, alive: alive}, nil
}

type objectStream struct {
	ended    <-chan struct{} // not every implementation closes its channel with the context
	watching watch.Interface
	alive    func()
}

func (s *objectStream) close() { s.watching.Stop() }

func (s *objectStream) next() (event, error) {
	select {
	case <-s.ended:
		return event{}, context.Canceled
	case e, open := <-s.watching.ResultChan():
		if !open {
			return event{}, io.EOF
		}
		s.alive()
		if obj, ok := e.Object.(*unstructured.Unstructured); ok {
			text, err := json.Marshal(obj.Object)
			if err != nil {
				return event{}, &watchError{err: err}
			}
			return readEvent(e.Type, text)
		}
		text, err := json.Marshal(e.Object)
		if err != nil {
			return event{}, &watchError{err: err}
		}
		return readEvent(e.Type, text)
	}
}
