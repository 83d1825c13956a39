package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

// watchServer keeps workflows and serves gets, lists and watches of them as the API server
// does, with its rules for versions and selectors, and with whatever fault a test asks for. It
// is for what has to be tried a thousand times, in an order that a real one won't keep to; that
// the rules are these is shown by the specs on the real one.
type watchServer struct {
	mu      sync.Mutex
	version int
	oldest  int                                   // from which on a watch can start
	objects map[string]*unstructured.Unstructured // by name
	history []serverChange
	watches map[*serverWatch]bool

	gets, lists, opened int                         // requests so far
	reading, reads      int                         // gets and lists at this time, and the most there were
	opens               []time.Time                 // when watches were asked for
	latency             time.Duration               // of each request
	late                time.Duration               // for which a watch goes on when its request is cancelled
	most                int                         // watches that were open at the same time
	refuse              func(r *http.Request) error // nil: nothing
	reset               func(r *http.Request) bool  // in the middle of the answer to a get or list; nil: never
	mute                bool                        // new watches bring nothing
}

// errReset is what a stream of HTTP/2 that was reset is like: of a type that nobody can know.
var errReset = errors.New("stream error: stream ID 7; INTERNAL_ERROR; received from peer")

// In the place of these values, objects have something that the API server has not checked, or that
// is nested as deep as it takes.
const (
	brokenValue = "@broken@"
	deepValue   = "@deep@"
)

func spoil(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte(`"`+brokenValue+`"`), []byte(`{]`))
	return bytes.ReplaceAll(text, []byte(`"`+deepValue+`"`), []byte(nested(10_000)))
}

// nested is an object that makes one of which it is a value of spec as deep as that.
func nested(depth int) string {
	return strings.Repeat(`{"a":`, depth-2) + "1" + strings.Repeat("}", depth-2)
}

// serverChange is a change of an object.
type serverChange struct {
	kind            string
	version         int
	before, current *unstructured.Unstructured
}

type serverWatch struct {
	server *watchServer
	out    *io.PipeWriter
	queue  chan []byte
	field  fields.Selector
	label  labels.Selector
	mute   bool
}

func newWatchServer() *watchServer {
	return &watchServer{version: 100, oldest: 100, objects: map[string]*unstructured.Unstructured{}, watches: map[*serverWatch]bool{}}
}

// client is a client of the server.
func (s *watchServer) client(t *testing.T, opts Options) *WorkflowClient {
	t.Helper()
	t.Cleanup(func() { time.Sleep(s.late) }) // until no watch goes on
	c, err := s.newClient(opts)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (s *watchServer) newClient(opts Options) (*WorkflowClient, error) {
	return NewForConfig(&rest.Config{Host: "http://script", Transport: transport(s.serve)}, opts)
}

// put creates or changes a workflow.
func (s *watchServer) put(name string, edit func(*unstructured.Unstructured)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	before := s.objects[name]
	kind, obj := "MODIFIED", before.DeepCopy()
	if before == nil {
		kind = "ADDED"
		obj = &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": apiVersion, "kind": "Workflow",
			"metadata": map[string]any{"name": name, "namespace": "ma", "uid": fmt.Sprint(name, "-", s.version)},
			"spec":     map[string]any{"templates": []any{map[string]any{"name": "main", "suspend": map[string]any{}}}},
			"status":   map[string]any{"phase": "Running"},
		}}
	}
	if edit != nil {
		edit(obj)
	}
	obj.SetResourceVersion(strconv.Itoa(s.version))
	s.objects[name] = obj
	s.note(serverChange{kind: kind, version: s.version, before: before, current: obj})
}

// phase sets the phase of a workflow.
func (s *watchServer) phase(name, phase string) {
	s.put(name, func(u *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(u.Object, phase, "status", "phase")
	})
}

func (s *watchServer) label(name string, set map[string]string) {
	s.put(name, func(u *unstructured.Unstructured) { u.SetLabels(set) })
}

func (s *watchServer) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version++
	before := s.objects[name]
	delete(s.objects, name)
	s.note(serverChange{kind: "DELETED", version: s.version, before: before, current: before})
}

// note tells the watches. The caller holds the lock.
func (s *watchServer) note(c serverChange) {
	s.history = append(s.history, c)
	for w := range s.watches {
		w.tell(c)
	}
}

// compact forgets the history.
func (s *watchServer) compact() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oldest, s.history = s.version, nil
}

// restore puts the version back, as when etcd is restored from a backup.
func (s *watchServer) restore(version int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version, s.oldest, s.history = version, version, nil
	for _, obj := range s.objects {
		obj.SetResourceVersion(strconv.Itoa(version))
	}
}

// cut ends all watches: as the server does, or in the middle of an event.
func (s *watchServer) cut(how error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		w.end(how)
	}
}

func (s *watchServer) open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.watches)
}

// watchesAsked is how many watches were asked for so far.
func (s *watchServer) watchesAsked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened
}

// listsAsked is how many lists were asked for so far.
func (s *watchServer) listsAsked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lists
}

// set changes how the server behaves.
func (s *watchServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

// selectors are those of the open watches.
func (s *watchServer) selectors() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var selectors []string
	for w := range s.watches {
		selectors = append(selectors, w.field.String()+";"+w.label.String())
	}
	return selectors
}

func (w *serverWatch) end(how error) {
	if w.server.watches[w] {
		delete(w.server.watches, w)
		if how != nil { // first, since the end of the queue closes it without an error
			_ = w.out.CloseWithError(how)
		}
		close(w.queue)
	}
}

// tell queues a change as the watch is to see it.
func (w *serverWatch) tell(c serverChange) {
	if w.mute {
		return
	}
	match := func(u *unstructured.Unstructured) bool {
		return u != nil && w.label.Matches(labels.Set(u.GetLabels())) && w.field.Matches(fields.Set{"metadata.name": u.GetName()})
	}
	was, is := match(c.before), match(c.current) && c.kind != "DELETED"
	obj, kind := c.current, "MODIFIED"
	switch {
	case is && !was:
		kind = "ADDED"
	case was && !is: // also of what has only changed its labels
		kind, obj = "DELETED", c.before.DeepCopy()
		obj.SetResourceVersion(strconv.Itoa(c.version))
	case !is:
		return
	}
	text, _ := json.Marshal(obj.Object)
	w.queue <- fmt.Appendf(nil, "{\"type\":%q,\"object\":%s}\n", kind, spoil(text)) // in this order, as the API server does
}

// bookmark tells all watches how far the server is.
func (s *watchServer) bookmark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.watches {
		if !w.mute {
			w.queue <- fmt.Appendf(nil, `{"type":"BOOKMARK","object":{"apiVersion":%q,"kind":"Workflow","metadata":{"resourceVersion":"%d"}}}`+"\n", apiVersion, s.version)
		}
	}
}

func (s *watchServer) serve(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	latency := s.latency
	if !isWatch(r) {
		s.reading++
		s.reads = max(s.reads, s.reading)
	}
	s.mu.Unlock()
	time.Sleep(latency)
	s.mu.Lock()
	defer s.mu.Unlock()
	if isWatch(r) {
		s.opens = append(s.opens, time.Now())
	} else {
		s.reading--
	}
	if s.refuse != nil {
		if err := s.refuse(r); err != nil {
			return refusal(err)
		}
	}
	name := path.Base(r.URL.Path)
	switch {
	case isWatch(r):
		return s.watch(r)
	case name == "workflows":
		s.lists++
		return s.torn(r)(s.list(r))
	}
	s.gets++
	if obj := s.objects[name]; obj != nil {
		return s.torn(r)(jsonAnswer(http.StatusOK, obj.Object))
	}
	return refusal(apierrors.NewNotFound(schema.GroupResource{Group: argoGroup, Resource: "workflows"}, name))
}

// torn resets an answer in the middle if the test wants it.
func (s *watchServer) torn(r *http.Request) func(*http.Response, error) (*http.Response, error) {
	return func(resp *http.Response, err error) (*http.Response, error) {
		if err != nil || s.reset == nil || !s.reset(r) {
			return resp, err
		}
		text, _ := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(text[:len(text)/2]), failing{errReset}))
		return resp, nil
	}
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// objectsAt are the objects as they were at a version. The caller holds the lock.
func (s *watchServer) objectsAt(version int) map[string]*unstructured.Unstructured {
	objects := maps.Clone(s.objects)
	for _, c := range slices.Backward(s.history) {
		switch name := c.current.GetName(); {
		case c.version <= version:
			return objects
		case c.before == nil:
			delete(objects, name)
		default:
			objects[name] = c.before
		}
	}
	return objects
}

func (s *watchServer) list(r *http.Request) (*http.Response, error) {
	query := r.URL.Query()
	field, _ := fields.ParseSelector(query.Get("fieldSelector"))
	label, _ := labels.Parse(query.Get("labelSelector"))
	from, _ := strconv.Atoi(query.Get("continue"))
	limit, _ := strconv.Atoi(query.Get("limit"))
	objects := s.objects
	version := s.version
	if query.Get("resourceVersionMatch") == string(metav1.ResourceVersionMatchExact) {
		version, _ = strconv.Atoi(query.Get("resourceVersion"))
		if version < s.oldest {
			return refusal(apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", version, s.oldest)))
		}
		objects = s.objectsAt(version)
	}
	var items []any
	rest := 0
	for i, name := range slices.Sorted(maps.Keys(objects)) {
		obj := objects[name]
		if i < from || !label.Matches(labels.Set(obj.GetLabels())) || !field.Matches(fields.Set{"metadata.name": name}) {
			continue
		}
		if limit > 0 && len(items) == limit {
			rest++
			continue
		}
		items = append(items, obj.Object)
	}
	meta := map[string]any{"resourceVersion": strconv.Itoa(version)}
	if rest > 0 {
		meta["continue"] = strconv.Itoa(from + limit)
		if query.Get("labelSelector") == "" {
			meta["remainingItemCount"] = rest
		}
	}
	return jsonAnswer(http.StatusOK, map[string]any{"apiVersion": apiVersion, "kind": "WorkflowList", "metadata": meta, "items": items})
}

func (s *watchServer) watch(r *http.Request) (*http.Response, error) {
	s.opened++
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("resourceVersion"))
	if from < s.oldest {
		return refusal(apierrors.NewResourceExpired(fmt.Sprintf("too old resource version: %d (%d)", from, s.oldest)))
	}
	if from > s.version {
		tooLarge := apierrors.NewTimeoutError("Too large resource version", 1)
		tooLarge.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge}}
		return refusal(tooLarge)
	}
	field, _ := fields.ParseSelector(query.Get("fieldSelector"))
	label, _ := labels.Parse(query.Get("labelSelector"))
	in, out := io.Pipe()
	w := &serverWatch{server: s, out: out, queue: make(chan []byte, 10_000), field: field, label: label, mute: s.mute}
	s.watches[w] = true
	s.most = max(s.most, len(s.watches))
	for _, c := range s.history {
		if c.version > from {
			w.tell(c)
		}
	}
	go func() {
		for text := range w.queue {
			_, _ = out.Write(text)
		}
		_ = out.Close()
	}()
	stop := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		w.end(nil)
	}
	ctx, late := r.Context(), s.late
	go func() {
		<-ctx.Done()
		time.Sleep(late)
		_ = out.CloseWithError(ctx.Err())
		stop()
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: jsonHeader(), Body: in}, nil
}

func jsonHeader() http.Header { return http.Header{"Content-Type": {"application/json"}} }

func jsonAnswer(code int, body any) (*http.Response, error) {
	text, err := json.Marshal(body)
	return &http.Response{StatusCode: code, Header: jsonHeader(), Body: io.NopCloser(bytes.NewReader(spoil(text)))}, err
}

// refusal sends an error of the API server as its answer; any other is that of a connection.
func refusal(err error) (*http.Response, error) {
	var answer apierrors.APIStatus
	if !errors.As(err, &answer) {
		return nil, err
	}
	s := answer.Status()
	s.Kind, s.APIVersion = "Status", "v1"
	return jsonAnswer(int(s.Code), s)
}

// isWatch tells requests apart.
func isWatch(r *http.Request) bool { return r.URL.Query().Get("watch") != "" }

func ofNamespace(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/workflows") && r.URL.Query().Get("fieldSelector") == ""
}
