package workflow

import (
	"context"
	"encoding/json"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// wire reads workflows as the JSON they are sent as. What follows thousands of them reads that
// way: most of an object is never looked at, so it should not be made into maps first.
type wire interface {
	// get reads one workflow.
	get(ctx context.Context, name string) ([]byte, error)
	// list reads a page, and shows each of its workflows for the time of the call. alive is called
	// whenever something has come, if it is only a part; so it is by what watch returns.
	list(ctx context.Context, opts metav1.ListOptions, alive func(), each func(object []byte)) (metav1.ListMeta, error)
	// objects reads a page of whole objects.
	objects(ctx context.Context, opts metav1.ListOptions) ([]listItem, metav1.ListMeta, error)
	// watch opens a stream of events, which ends with ctx.
	watch(ctx context.Context, opts metav1.ListOptions, alive func()) (eventStream, error)
}

// listItem is an object of a list.
type listItem struct {
	name   string // "": unknown
	object *unstructured.Unstructured
	text   []byte // in place of object, its JSON
}

// itemOf is an object of a list as JSON. It is decoded when it is its turn: as maps it can take many
// times the room.
func itemOf(text []byte) listItem {
	id, _ := wfjson.Identify(text) // metadata comes first and may be in order, whatever follows
	return listItem{name: id.Name, text: text}
}

// decoded is the object, decoded as a dynamic client does.
func (l listItem) decoded() (*unstructured.Unstructured, error) {
	if l.object != nil {
		return l.object, nil
	}
	object := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(l.text, &object.Object); err != nil {
		return nil, &fault.UnreadableError{Err: err}
	}
	if object.Object != nil && object.GetKind() == "" { // a list may say it for all
		object.SetAPIVersion(apiVersion)
		object.SetKind(kind)
	}
	return object, nil
}

// eventStream is an open watch.
type eventStream interface {
	// next blocks until there is an event. [io.EOF]: the server has ended the watch. A
	// [*watchError]: the server said what is wrong.
	next() (event, error)
	// close ends the watch and gives its connection back.
	close()
}

// event is what a watch brought.
type event struct {
	kind   watch.EventType // Added, Modified, Deleted or Bookmark
	id     wfjson.Identity // of a bookmark only the version
	object []byte          // until the next event
}

// readEvent reads an event whose object has been separated from it.
func readEvent(kind watch.EventType, object []byte) (event, error) {
	switch kind {
	case watch.Error:
		var s metav1.Status
		if err := json.Unmarshal(object, &s); err != nil {
			return event{}, &watchError{err: err}
		}
		return event{}, &watchError{err: statusError(s)}
	case watch.Added, watch.Modified, watch.Deleted, watch.Bookmark:
		id, err := wfjson.Identify(object)
		if err != nil {
			return event{}, &watchError{err: err}
		}
		return event{kind: kind, id: id, object: object}, nil
	}
	return event{kind: kind}, nil // of a later version of the API
}
