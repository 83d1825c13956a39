package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// restWire reads over REST clients of Argo's group.
type restWire struct {
	client    rest.Interface // for what lasts
	short     rest.Interface // for single objects, and pages that a caller lists
	namespace string
	params    runtime.ParameterCodec
}

// newRESTWire returns a wire that reads single objects with one configuration, and what lasts
// with another.
func newRESTWire(short, long *rest.Config, namespace string) (*restWire, error) {
	group := schema.GroupVersion{Group: argoGroup, Version: argoVersion}
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, group)                              // the options
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"}) // the Status of a refusal
	w := &restWire{namespace: namespace, params: runtime.NewParameterCodec(scheme)}
	for cfg, client := range map[*rest.Config]*rest.Interface{short: &w.short, long: &w.client} {
		own := rest.CopyConfig(cfg)
		own.APIPath = "/apis"
		own.ContentConfig = rest.ContentConfig{
			GroupVersion:         &group,
			NegotiatedSerializer: serializer.NewCodecFactory(scheme).WithoutConversion(),
		}
		made, err := rest.RESTClientFor(own)
		if err != nil {
			return nil, err
		}
		*client = made
	}
	return w, nil
}

func (w *restWire) request(client rest.Interface, opts metav1.ListOptions) *rest.Request {
	return client.Get().Namespace(w.namespace).Resource("workflows").VersionedParams(&opts, w.params)
}

func (w *restWire) get(ctx context.Context, name string) ([]byte, error) {
	return whole(ctx, w.short.Get().Namespace(w.namespace).Resource("workflows").Name(name), func() {})
}

// whole reads all of an answer. alive is called whenever something has come.
func whole(ctx context.Context, r *rest.Request, alive func()) ([]byte, error) {
	answer, err := r.Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }()
	return io.ReadAll(&bodyReader{src: answer, alive: alive})
}

func (w *restWire) list(ctx context.Context, opts metav1.ListOptions, alive func(), each func([]byte)) (metav1.ListMeta, error) {
	client := w.client
	if opts.ResourceVersionMatch == metav1.ResourceVersionMatchExact { // it is for one object
		client = w.short
	}
	return w.listWith(ctx, w.request(client, opts), alive, each)
}

func (w *restWire) listWith(ctx context.Context, r *rest.Request, alive func(), each func([]byte)) (metav1.ListMeta, error) {
	text, err := whole(ctx, r, alive)
	if err != nil {
		return metav1.ListMeta{}, err
	}
	meta, items, err := splitList(text)
	if err != nil {
		return metav1.ListMeta{}, &fault.CutOffError{Err: err}
	}
	for _, item := range items {
		each(item)
	}
	return meta, nil
}

func (w *restWire) objects(ctx context.Context, opts metav1.ListOptions) (objects []listItem, meta metav1.ListMeta, err error) {
	meta, err = w.listWith(ctx, w.request(w.short, opts), func() {}, func(object []byte) { objects = append(objects, itemOf(object)) })
	return objects, meta, err
}

// bodyReader reads the body of an answer. Any error but its end is a [*fault.CutOffError].
type bodyReader struct {
	src   io.Reader
	alive func() // is called when something has come
}

// Read implements [io.Reader].
func (r *bodyReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	if n > 0 {
		r.alive()
	}
	if err != nil && err != io.EOF {
		err = &fault.CutOffError{Err: err}
	}
	return n, err
}

func (w *restWire) watch(ctx context.Context, opts metav1.ListOptions, alive func()) (eventStream, error) {
	opts.Watch = true
	body, err := w.request(w.client, opts).Stream(ctx)
	if err != nil {
		return nil, err
	}
	return &lineStream{body: body, src: bodyReader{src: body, alive: alive}}, nil
}

// maxEvent is how long an event may be, in bytes; etcd's default limit for an object is 1.5 MiB.
const maxEvent = 64 << 20

// lineStream reads events off a response's body. The API server writes each on a line.
type lineStream struct {
	body io.Closer
	src  bodyReader
	buf  []byte // what was read and not taken yet is buf[start:]
	start,
	looked int // in buf[:looked] there is no end of a line behind start
}

func (s *lineStream) close() { _ = s.body.Close() }

func (s *lineStream) next() (event, error) {
	for {
		var end int
		var over error
		if at := bytes.IndexByte(s.buf[s.looked:], '\n'); at >= 0 {
			end = s.looked + at
			s.looked = end + 1
		} else {
			s.looked = len(s.buf)
			if over = s.fill(); over == nil {
				continue
			}
			end = len(s.buf)
		}
		line := s.buf[s.start:end]
		if len(bytes.TrimSpace(line)) == 0 {
			s.start = s.looked
			if over != nil {
				return event{}, over
			}
			continue
		}
		kind, object, err := splitEvent(line)
		switch {
		case errors.Is(err, errUnfinished) && over == nil:
			continue // somebody on the way has put it on several lines
		case errors.Is(err, errUnfinished) && errors.Is(over, io.EOF):
			return event{}, io.ErrUnexpectedEOF
		case err != nil && over != nil:
			return event{}, over
		}
		s.start = s.looked
		if err != nil {
			return event{}, &watchError{err: err}
		}
		return readEvent(kind, object)
	}
}

// fill reads on, into room for at least as much as there is.
func (s *lineStream) fill() error {
	const (
		least = 32 << 10
		large = 1 << 20 // so much is not kept for a small event
	)
	if s.start == len(s.buf) {
		s.buf, s.start, s.looked = s.buf[:0], 0, 0
		if cap(s.buf) > large {
			s.buf = nil
		}
	}
	if rest := len(s.buf) - s.start; rest >= maxEvent {
		return &watchError{err: fmt.Errorf("an event is longer than %d MiB", maxEvent>>20)}
	} else if len(s.buf) == cap(s.buf) {
		room := s.buf
		if 2*rest > cap(s.buf) || cap(s.buf) == 0 {
			room = make([]byte, 0, max(least, 2*cap(s.buf)))
		}
		s.buf, s.looked = append(room[:0], s.buf[s.start:]...), s.looked-s.start
		s.start = 0
	}
	n, err := s.src.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf = s.buf[:len(s.buf)+n]
	if n > 0 {
		return nil // the error comes again
	}
	return err
}

// errUnfinished: what was read is not all of an event.
var errUnfinished = errors.New("unfinished event")

// splitEvent separates an event's object, which is left as it is, from its kind.
func splitEvent(line []byte) (watch.EventType, []byte, error) {
	// As the API server writes it: {"type":"MODIFIED","object":{…}}
	if rest, ok := bytes.CutPrefix(line, []byte(`{"type":"`)); ok {
		kind, rest, ok := bytes.Cut(rest, []byte(`","object":`))
		if object, closed := bytes.CutSuffix(rest, []byte("}")); ok && closed && len(kind) < 20 && bytes.HasSuffix(object, []byte("}")) {
			return watch.EventType(kind), object, nil
		}
	}
	var e struct {
		Type   watch.EventType `json:"type"`
		Object json.RawMessage `json:"object"`
	}
	err := json.Unmarshal(line, &e)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset >= int64(len(line)) {
		return "", nil, errUnfinished
	}
	if err != nil {
		return "", nil, errors.New("an event is no JSON")
	}
	return e.Type, e.Object, nil
}

func statusError(s metav1.Status) error { return apierrors.FromObject(&s) }
