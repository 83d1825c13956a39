package source

import (
	"context"
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// Source reads the objects of one resource in one namespace. Each method sends one request, blocks
// for its answer and returns the API server's or the network's error as it is.
type Source interface {
	// Get returns the object of that name.
	Get(ctx context.Context, name string) (Item, error)
	// List returns one page.
	List(ctx context.Context, opts ListOptions) (*Page, error)
	Watcher
}

// Watcher opens watches.
type Watcher interface {
	// Watch opens a watch, which ends with ctx. If progress is not nil, it is called whenever a
	// part of the stream has arrived.
	Watch(ctx context.Context, opts metav1.ListOptions, progress func()) (Stream, error)
}

// ListOptions select a page, and say how to wait for it.
type ListOptions struct {
	metav1.ListOptions

	// Progress, if not nil, is called whenever a part of the answer has arrived.
	Progress func()
	// Unbounded exempts the request from the client's request timeout.
	Unbounded bool
}

// Page is one page of a list.
type Page struct {
	Meta  metav1.ListMeta
	Items []Item
}

// Item is an object as it arrived, as JSON or decoded.
type Item struct {
	ID  wfjson.Identity // zero if Err is set
	Err error           // why ID could not be read; nil for a decoded object

	data   []byte
	object *unstructured.Unstructured // set if data is not
}

func itemOfJSON(data []byte) Item {
	id, err := wfjson.Identify(data)
	return Item{ID: id, Err: err, data: data}
}

func itemOfObject(object *unstructured.Unstructured) Item {
	id := wfjson.Identity{Name: object.GetName(), UID: object.GetUID(), ResourceVersion: object.GetResourceVersion()}
	return Item{ID: id, object: object}
}

// JSON returns the object as JSON, which must not be changed. That of an event is valid until the
// next one is read.
func (i Item) JSON() ([]byte, error) {
	if i.object == nil {
		return i.data, nil
	}
	data, err := json.Marshal(i.object.Object)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", i.ID.Name, err)
	}
	return data, nil
}

// Object returns the decoded object. An item that arrived as JSON is decoded by each call: as maps
// an object can take many times its length. A failure is a [fault.UnreadableError].
func (i Item) Object() (*unstructured.Unstructured, error) {
	if i.object != nil {
		return i.object, nil
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(i.data, &object.Object); err != nil {
		return nil, &fault.UnreadableError{Err: err}
	}
	return object, nil
}

// Stream is an open watch. It is not safe for concurrent use.
type Stream interface {
	// Next blocks until there is an event. It returns [io.EOF] if the API server has closed the
	// watch, and a [*WatchError] for an error event or an event that cannot be read.
	Next() (Event, error)
	// Close ends the watch and releases its connection.
	Close()
}

// Event is an event of a watch.
type Event struct {
	Type watch.EventType // Added, Modified, Deleted or Bookmark, or one of a later version of the API
	Item                 // of a bookmark, only the resource version is set
	// Row is what the event brings if the watch is one of rows. Then the item has only a name and a
	// resource version.
	Row *Row
}

// newEvent returns the event of that type, or the error that it stands for.
func newEvent(kind watch.EventType, data []byte) (Event, error) {
	switch kind {
	case watch.Error:
		var answer metav1.Status
		if err := json.Unmarshal(data, &answer); err != nil {
			return Event{}, &WatchError{Err: err}
		}
		return Event{}, &WatchError{Err: statusError(answer)}
	case watch.Added, watch.Modified, watch.Deleted, watch.Bookmark:
		item := itemOfJSON(data)
		if item.Err != nil {
			return Event{}, &WatchError{Err: item.Err}
		}
		return Event{Type: kind, Item: item}, nil
	}
	return Event{Type: kind}, nil
}
