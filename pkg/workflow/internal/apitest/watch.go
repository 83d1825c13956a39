package apitest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
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
			w.queue <- fmt.Appendf(nil, `{"type":"BOOKMARK","object":{"apiVersion":%q,"kind":"Workflow","metadata":{"resourceVersion":"%d"}}}`+"\n", apiVersion, s.Version)
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
	text, _ := json.Marshal(obj.Object)
	w.queue <- fmt.Appendf(nil, "{\"type\":%q,\"object\":%s}\n", kind, spoil(text)) // in this order, as the API server does
}
