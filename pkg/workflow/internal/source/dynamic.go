package source

import (
	"context"
	"encoding/json"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
)

// Dynamic is a [Source] over a dynamic client. The client decodes all of each object, which costs
// several times what [REST] does, and it fails a whole page if it cannot read one object of it. Its
// own request timeout applies to every request.
type Dynamic struct {
	client dynamic.ResourceInterface
}

// NewDynamic returns the source of what client reads.
func NewDynamic(client dynamic.ResourceInterface) *Dynamic { return &Dynamic{client} }

// Get implements [Source].
func (s *Dynamic) Get(ctx context.Context, name string) (Item, error) {
	object, err := s.client.Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return Item{}, err
	}
	return itemOfObject(object), nil
}

// List implements [Source].
func (s *Dynamic) List(ctx context.Context, opts ListOptions) (*Page, error) {
	list, err := s.client.List(ctx, opts.ListOptions)
	if err != nil {
		return nil, err
	}
	if opts.Progress != nil {
		opts.Progress()
	}
	page := &Page{
		Meta: metav1.ListMeta{
			ResourceVersion: list.GetResourceVersion(), Continue: list.GetContinue(), RemainingItemCount: list.GetRemainingItemCount(),
		},
		Items: make([]Item, len(list.Items)),
	}
	for i := range list.Items {
		object := list.Items[i] // a copy, so that an item that is kept does not keep the whole page
		page.Items[i] = itemOfObject(&object)
	}
	return page, nil
}

// Watch implements [Source].
func (s *Dynamic) Watch(ctx context.Context, opts metav1.ListOptions, progress func()) (Stream, error) {
	watching, err := s.client.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return NewObjectStream(ctx, watching, progress), nil
}

// NewObjectStream returns the events of a watch that a dynamic client has opened. It also ends with
// ctx. progress may be nil.
func NewObjectStream(ctx context.Context, watching watch.Interface, progress func()) Stream {
	return &objectStream{done: ctx.Done(), watching: watching, progress: progress}
}

// objectStream is a watch of a dynamic client.
type objectStream struct {
	done     <-chan struct{} // not every implementation of [watch.Interface] ends with its context
	watching watch.Interface
	progress func()
}

func (s *objectStream) Close() { s.watching.Stop() }

func (s *objectStream) Next() (Event, error) {
	select {
	case <-s.done:
		return Event{}, context.Canceled
	case e, open := <-s.watching.ResultChan():
		if !open {
			return Event{}, io.EOF
		}
		if s.progress != nil {
			s.progress()
		}
		return eventOfObject(e)
	}
}

func eventOfObject(e watch.Event) (Event, error) {
	object, ok := e.Object.(*unstructured.Unstructured)
	if ok && e.Type != watch.Error {
		return Event{Type: e.Type, Item: itemOfObject(object)}, nil
	}
	var content any = e.Object
	if ok {
		content = object.Object
	}
	data, err := json.Marshal(content)
	if err != nil {
		return Event{}, &WatchError{Err: err}
	}
	return newEvent(e.Type, data)
}
