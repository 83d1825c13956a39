package source

import (
	"cmp"
	"context"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
)

// REST is a [Source] over REST clients. It leaves objects as the JSON that the API server sent: of
// thousands of workflows most is never looked at, so it is not decoded.
type REST struct {
	bounded   rest.Interface // for requests that are answered at once
	unbounded rest.Interface // for watches and long lists
	resource  string
	namespace string
	params    runtime.ParameterCodec
}

// NewREST returns the source of a namespaced resource. It copies both configurations: bounded is
// for requests that are answered at once, unbounded for watches and for lists that ask for it. The
// error says what is wrong with a configuration; nothing is sent.
func NewREST(bounded, unbounded *rest.Config, resource schema.GroupVersionResource, namespace string) (*REST, error) {
	group := resource.GroupVersion()
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, group)                              // the options
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"}) // the Status of a refusal
	s := &REST{resource: resource.Resource, namespace: namespace, params: runtime.NewParameterCodec(scheme)}
	clientFor := func(cfg *rest.Config) (rest.Interface, error) {
		own := rest.CopyConfig(cfg)
		own.APIPath = "/apis"
		own.ContentConfig = rest.ContentConfig{
			GroupVersion:         &group,
			NegotiatedSerializer: serializer.NewCodecFactory(scheme).WithoutConversion(),
		}
		client, err := rest.RESTClientFor(own)
		return Once{client}, err
	}
	var err, other error
	s.bounded, err = clientFor(bounded)
	s.unbounded, other = clientFor(unbounded)
	if err = cmp.Or(err, other); err != nil {
		return nil, err
	}
	return s, nil
}

// Get implements [Source].
func (s *REST) Get(ctx context.Context, name string) (Item, error) {
	data, err := readAll(ctx, s.bounded.Get().Namespace(s.namespace).Resource(s.resource).Name(name), nil)
	if err != nil {
		return Item{}, err
	}
	return itemOfJSON(data), nil
}

// List implements [Source].
func (s *REST) List(ctx context.Context, opts ListOptions) (*Page, error) {
	client := s.bounded
	if opts.Unbounded {
		client = s.unbounded
	}
	data, err := readAll(ctx, s.request(client, opts.ListOptions), opts.Progress)
	if err != nil {
		return nil, err
	}
	meta, items, err := splitList(data)
	if err != nil {
		return nil, &fault.CutOffError{Err: err}
	}
	page := &Page{Meta: meta, Items: make([]Item, len(items))}
	for i, item := range items {
		page.Items[i] = itemOfJSON(item)
	}
	return page, nil
}

// Watch implements [Source].
func (s *REST) Watch(ctx context.Context, opts metav1.ListOptions, progress func()) (Stream, error) {
	opts.Watch = true
	body, err := s.request(s.unbounded, opts).Stream(ctx)
	if err != nil {
		return nil, err
	}
	return newJSONStream(body, progress), nil
}

func (s *REST) request(client rest.Interface, opts metav1.ListOptions) *rest.Request {
	return client.Get().Namespace(s.namespace).Resource(s.resource).VersionedParams(&opts, s.params)
}

// readAll returns the whole body of the answer.
func readAll(ctx context.Context, r *rest.Request, progress func()) ([]byte, error) {
	body, err := r.Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = body.Close() }()
	return io.ReadAll(&bodyReader{src: body, progress: progress})
}

// bodyReader reads the body of an answer. Any error but its end is a [*fault.CutOffError].
type bodyReader struct {
	src      io.Reader
	progress func() // nil, or called when something has arrived
}

// Read implements [io.Reader].
func (r *bodyReader) Read(p []byte) (int, error) {
	n, err := r.src.Read(p)
	if n > 0 && r.progress != nil {
		r.progress()
	}
	if err != nil && err != io.EOF {
		err = &fault.CutOffError{Err: err}
	}
	return n, err
}
