package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
)

// stream is an open watch.
type stream struct {
	server *Server
	out    *io.PipeWriter
	queue  chan []byte
	field  fields.Selector
	label  labels.Selector
	mute   bool
	// columns of the next event if the watch is one of tables, which name them once; nil if it is not.
	columns func() string
}

// Cut ends all watches: as the server does, or in the middle of an event with that error.
func (s *Server) Cut(err error) {
	s.Lock()
	defer s.Unlock()
	for w := range s.watches {
		w.endWatch(err)
	}
}

// Open returns how many watches are open.
func (s *Server) Open() int {
	s.Lock()
	defer s.Unlock()
	return len(s.watches)
}

// Selectors returns the field and label selectors of the open watches.
func (s *Server) Selectors() []string {
	s.Lock()
	defer s.Unlock()
	var selectors []string
	for w := range s.watches {
		selectors = append(selectors, w.field.String()+";"+w.label.String())
	}
	return selectors
}

// Bookmark sends the server's version to all watches.
func (s *Server) Bookmark() {
	s.Lock()
	defer s.Unlock()
	for w := range s.watches {
		if !w.mute {
			u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": "Workflow"}}
			u.SetResourceVersion(strconv.Itoa(s.Version))
			w.put("BOOKMARK", u)
		}
	}
}

// watch answers a watch. The caller holds the lock.
func (s *Server) watch(r *http.Request) (*http.Response, error) {
	s.Watches++
	query := r.URL.Query()
	from, _ := strconv.Atoi(query.Get("resourceVersion"))
	if from < s.oldest {
		return refusal(tooOld(from, s.oldest))
	}
	if from > s.Version {
		tooLarge := apierrors.NewTimeoutError("Too large resource version", 1)
		tooLarge.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: metav1.CauseTypeResourceVersionTooLarge}}
		return refusal(tooLarge)
	}
	field, _ := fields.ParseSelector(query.Get("fieldSelector"))
	label, _ := labels.Parse(query.Get("labelSelector"))
	in, out := io.Pipe()
	w := &stream{server: s, out: out, queue: make(chan []byte, 10_000), field: field, label: label, mute: s.Mute}
	if strings.Contains(r.Header.Get("Accept"), "as=Table") && !s.NoTables {
		s.Tables++
		w.columns = s.columns()
	}
	s.watches[w] = true
	s.MaxWatches = max(s.MaxWatches, len(s.watches))
	for _, c := range s.history {
		if c.version > from {
			w.send(c)
		}
	}
	go func() {
		for text := range w.queue {
			_, _ = out.Write(text)
		}
		_ = out.Close()
	}()
	ctx, late := r.Context(), s.Late
	go func() {
		<-ctx.Done()
		time.Sleep(late)
		_ = out.CloseWithError(ctx.Err())
		s.Set(func() { w.endWatch(nil) })
	}()
	return &http.Response{StatusCode: http.StatusOK, Header: header(), Body: in}, nil
}

// endWatch closes the watch. The caller holds the lock, as for send.
func (w *stream) endWatch(err error) {
	if w.server.watches[w] {
		delete(w.server.watches, w)
		if err != nil { // first, since the end of the queue closes the pipe without an error
			_ = w.out.CloseWithError(err)
		}
		close(w.queue)
	}
}

// send queues a change as the watch sees it.
func (w *stream) send(c change) {
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
	w.put(kind, obj)
}

// put queues an event.
func (w *stream) put(kind string, obj *unstructured.Unstructured) {
	text, _ := json.Marshal(obj.Object)
	text = spoil(text)
	if w.columns != nil {
		text = table(obj, w.columns())
	}
	w.queue <- fmt.Appendf(nil, "{\"type\":%q,\"object\":%s}\n", kind, text) // in this order, as the API server does
}

// columns returns the columns of a watch's first table, and none for the others. The caller holds the
// lock.
func (s *Server) columns() func() string {
	columns := `[{"name":"Name"},{"name":"Status"},{"name":"Age"},{"name":"Message"}]`
	if s.NoPhases {
		columns = `[{"name":"Name"},{"name":"Age"}]`
	}
	return func() string {
		next := columns
		columns = "[]"
		return next
	}
}

// table returns the table of an object, as the API server makes it if no object is to be included.
func table(obj *unstructured.Unstructured, columns string) []byte {
	cell := func(name string) any {
		if text, ok, _ := unstructured.NestedString(obj.Object, "status", name); ok {
			return text
		}
		return nil
	}
	var name any
	if text := obj.GetName(); text != "" {
		name = text
	}
	cells, _ := json.Marshal([]any{name, cell("phase"), "5m", cell("message")})
	return fmt.Appendf(nil, `{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":%q},"columnDefinitions":%s,"rows":[{"cells":%s}]}`,
		obj.GetResourceVersion(), columns, cells)
}
