package apitest

import (
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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
)

const apiVersion = "argoproj.io/v1alpha1"

// ErrReset is what a stream of HTTP/2 that was reset fails with: an error of a type that no caller
// knows.
var ErrReset = errors.New("stream error: stream ID 7; INTERNAL_ERROR; received from peer")

// Server serves workflows. Its fields are guarded by its lock; use Set to change them once requests
// are made. All methods are safe for concurrent use.
type Server struct {
	sync.Mutex

	// Version is the resource version of the last change.
	Version int
	// Gets, Lists and Watches count the requests that were answered.
	Gets, Lists, Watches int
	// MaxReads is the most gets and lists that were made at the same time, MaxWatches the most
	// watches that were open.
	MaxReads, MaxWatches int
	// Tables counts the watches that bring tables.
	Tables int
	// WatchTimes are when watches were requested.
	WatchTimes []time.Time

	// Latency delays each answer.
	Latency time.Duration
	// Late is for how long a watch still sends events after its request was cancelled.
	Late time.Duration
	// Refuse, if not nil, is called for each request with the lock held. An error of the API
	// server's is sent as its answer, any other one breaks the connection.
	Refuse func(r *http.Request) error
	// Reset, if not nil, reports whether the answer to a get or list is cut off in the middle.
	Reset func(r *http.Request) bool
	// NoTables answers watches of tables with objects. NoPhases leaves the phase out of tables.
	NoTables, NoPhases bool
	// Mute makes new watches bring nothing.
	Mute bool
	// Wrote, if not nil, is called with the lock held after a request has created, patched or
	// deleted a workflow. obj is the workflow, before a deletion, and method the request's.
	Wrote func(method string, obj *unstructured.Unstructured)
	// Lose, if not nil, is called with the lock held for each write that succeeded. If it returns
	// true, the answer is lost.
	Lose func(r *http.Request) bool
	// Denies, if not nil, is called with the lock held for each access review, with its verb, resource
	// and name. If it returns true, the review does not allow it.
	Denies func(verb, resource, name string) bool
	// Others are the names of the objects of other resources, by resource. They can only be listed;
	// selectors are ignored.
	Others map[string][]string

	oldest  int                                   // version that a watch can start from
	objects map[string]*unstructured.Unstructured // by name
	history []change
	watches map[*stream]bool
	reading int // gets and lists at this time
}

// change is a change of an object.
type change struct {
	kind            string
	version         int
	before, current *unstructured.Unstructured
}

// New returns a server without workflows.
func New() *Server {
	return &Server{Version: 100, oldest: 100, objects: map[string]*unstructured.Unstructured{}, watches: map[*stream]bool{}}
}

// Of returns a server with that many running workflows, named w0, w1 and so on.
func Of(count int) *Server {
	s := New()
	for i := range count {
		s.Put(Name(i), nil)
	}
	return s
}

// Name is the name of a workflow of [Of].
func Name(i int) string { return fmt.Sprint("w", i) }

// Config returns the configuration of a client of the server. When the test ends, it waits until no
// watch sends events any more.
func (s *Server) Config(t testing.TB) *rest.Config {
	t.Helper()
	t.Cleanup(func() { time.Sleep(s.Late) })
	return &rest.Config{Host: "http://script", Transport: s, QPS: -1}
}

// Put creates or edits a workflow. edit may be nil.
func (s *Server) Put(name string, edit func(*unstructured.Unstructured)) {
	s.Lock()
	defer s.Unlock()
	s.Version++
	before := s.objects[name]
	kind, obj := "MODIFIED", before.DeepCopy()
	if before == nil {
		kind = "ADDED"
		obj = &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": apiVersion, "kind": "Workflow",
			"metadata": map[string]any{"name": name, "namespace": "ma", "uid": fmt.Sprint(name, "-", s.Version)},
			"spec":     map[string]any{"templates": []any{map[string]any{"name": "main", "suspend": map[string]any{}}}},
			"status":   map[string]any{"phase": "Running"},
		}}
	}
	if edit != nil {
		edit(obj)
	}
	obj.SetResourceVersion(strconv.Itoa(s.Version))
	s.objects[name] = obj
	s.record(change{kind: kind, version: s.Version, before: before, current: obj})
}

// SetPhase sets the phase of a workflow, and creates it if it does not exist.
func (s *Server) SetPhase(name, phase string) {
	s.Put(name, func(u *unstructured.Unstructured) {
		_ = unstructured.SetNestedField(u.Object, phase, "status", "phase")
	})
}

// SetLabels sets the labels of a workflow.
func (s *Server) SetLabels(name string, labels map[string]string) {
	s.Put(name, func(u *unstructured.Unstructured) { u.SetLabels(labels) })
}

// Spoil puts one of the values that cannot be read into a workflow, which it creates if it does not
// exist.
func (s *Server) Spoil(name, value string) {
	s.Put(name, func(u *unstructured.Unstructured) { _ = unstructured.SetNestedField(u.Object, value, "spec", "x") })
}

// Remove deletes a workflow.
func (s *Server) Remove(name string) {
	s.Lock()
	defer s.Unlock()
	s.Version++
	before := s.objects[name]
	delete(s.objects, name)
	s.record(change{kind: "DELETED", version: s.Version, before: before, current: before})
}

// record sends a change to the watches. The caller holds the lock.
func (s *Server) record(c change) {
	s.history = append(s.history, c)
	for w := range s.watches {
		w.send(c)
	}
}

// Object returns a copy of a workflow, or nil if it does not exist.
func (s *Server) Object(name string) *unstructured.Unstructured {
	s.Lock()
	defer s.Unlock()
	return s.objects[name].DeepCopy()
}

// Compact forgets the history.
func (s *Server) Compact() {
	s.Lock()
	defer s.Unlock()
	s.oldest, s.history = s.Version, nil
}

// Restore sets the version back, as when etcd is restored from a backup.
func (s *Server) Restore(version int) {
	s.Lock()
	defer s.Unlock()
	s.Version, s.oldest, s.history = version, version, nil
	for _, obj := range s.objects {
		obj.SetResourceVersion(strconv.Itoa(version))
	}
}

// Set calls change with the lock held.
func (s *Server) Set(change func()) {
	s.Lock()
	defer s.Unlock()
	change()
}

// WatchesAsked returns how many watches have been requested.
func (s *Server) WatchesAsked() int {
	s.Lock()
	defer s.Unlock()
	return s.Watches
}

// ListsAsked returns how many lists have been requested.
func (s *Server) ListsAsked() int {
	s.Lock()
	defer s.Unlock()
	return s.Lists
}

// RoundTrip implements [http.RoundTripper].
func (s *Server) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	s.Lock()
	latency := s.Latency
	if !IsWatch(r) {
		s.reading++
		s.MaxReads = max(s.MaxReads, s.reading)
	}
	s.Unlock()
	select {
	case <-time.After(latency):
	case <-givenUp(r):
	}
	s.Lock()
	defer s.Unlock()
	if IsWatch(r) {
		s.WatchTimes = append(s.WatchTimes, time.Now())
	} else {
		s.reading--
	}
	if r.Method == http.MethodGet && r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	if s.Refuse != nil {
		if err := s.Refuse(r); err != nil {
			return refusal(err)
		}
	}
	name := path.Base(r.URL.Path)
	switch {
	case name == "selfsubjectaccessreviews":
		return s.review(r)
	case r.Method != http.MethodGet:
		return s.write(r)
	case IsWatch(r):
		return s.watch(r)
	case otherKinds()[name] != "":
		return s.listOthers(name)
	case name == "workflows":
		s.Lists++
		resp, err := s.list(r)
		return s.torn(r, resp), err
	}
	s.Gets++
	if obj := s.objects[name]; obj != nil {
		return s.torn(r, Answer(http.StatusOK, obj.Object)), nil
	}
	return refusal(apierrors.NewNotFound(schema.GroupResource{Group: "argoproj.io", Resource: "workflows"}, name))
}

// givenUp is closed when a client no longer waits for what it has asked. What it writes is written nevertheless.
func givenUp(r *http.Request) <-chan struct{} {
	if r.Method != http.MethodGet {
		return nil
	}
	return r.Context().Done()
}

// objectsAt returns the objects as they were at a version. The caller holds the lock.
func (s *Server) objectsAt(version int) map[string]*unstructured.Unstructured {
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

// torn cuts an answer off in the middle if the test wants that.
func (s *Server) torn(r *http.Request, resp *http.Response) *http.Response {
	if resp == nil || s.Reset == nil || !s.Reset(r) {
		return resp
	}
	text, _ := io.ReadAll(resp.Body)
	resp.Body = io.NopCloser(io.MultiReader(strings.NewReader(string(text[:len(text)/2])), failing{ErrReset}))
	return resp
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// IsWatch reports whether a request is for a watch.
func IsWatch(r *http.Request) bool { return r.URL.Query().Get("watch") != "" }

// OfNamespace reports whether a request is for all workflows of the namespace.
func OfNamespace(r *http.Request) bool {
	return strings.HasSuffix(r.URL.Path, "/workflows") && r.URL.Query().Get("fieldSelector") == ""
}
