package browser_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// script is a service that says what a spec has it say, to the page's own files. It is for what a real
// one can't be brought to at will.
type script struct {
	url     string
	says    chan string  // events, each for one stream
	streams atomic.Int32 // that are open, of events and logs

	mu      sync.Mutex
	changes []string // that were asked for
	past    object   // what has ended; nil: nothing
}

func newScript() *script {
	GinkgoHelper()
	s := &script{says: make(chan string)}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServer(http.Dir(serviceExample+"/internal/page")))
	mux.HandleFunc("GET /api/v1/events", s.stream("", s.says))
	mux.HandleFunc("GET /api/v1/backfills/{session}/logs", s.stream("event: begin\ndata: {}\n\n", nil))
	mux.HandleFunc("GET /api/v1/past", s.sayPast)
	mux.HandleFunc("POST /api/v1/backfills/", s.change)
	mux.HandleFunc("PUT /api/v1/backfills/", s.change)
	web := httptest.NewServer(mux)
	s.url = web.URL
	DeferCleanup(func() {
		web.CloseClientConnections()
		web.Close()
	})
	return s
}

// asked are the changes so far, each as its method, path and body.
func (s *script) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.changes...)
}

func (s *script) change(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, fmt.Sprintf("%s %s %s", r.Method, r.URL.Path, body))
	w.WriteHeader(http.StatusNoContent)
}

func (s *script) sayPast(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	past := s.past
	if past == nil {
		past = object{"past": []object{}}
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(past)
}

// remembers says what has ended, from the next look on.
func (s *script) remembers(past object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.past = past
}

// stream returns a handler of streams that begin with first and go on with events, if that isn't nil.
func (s *script) stream(first string, events <-chan string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.streams.Add(1)
		defer s.streams.Add(-1)
		w.Header().Set("Content-Type", "text/event-stream")
		for text := first; ; {
			fmt.Fprint(w, text)
			_ = http.NewResponseController(w).Flush()
			select {
			case text = <-events:
			case <-r.Context().Done():
				return
			}
		}
	}
}

// say sends an event once a stream is open.
func (s *script) say(ctx SpecContext, name string, data any) {
	GinkgoHelper()
	text, err := json.Marshal(data)
	Expect(err).NotTo(HaveOccurred())
	Eventually(ctx, s.says).Should(BeSent(fmt.Sprintf("event: %s\ndata: %s\n\n", name, text)))
}

type object = map[string]any

// lists says which backfills there are.
func (s *script) lists(ctx SpecContext, sessions ...string) {
	GinkgoHelper()
	const minute = 60_000
	s.say(ctx, "backfills", object{"sessions": sessions, "heartbeatMs": minute})
}

// stands says how a backfill does, and which gate it waits at, if any.
func (s *script) stands(ctx SpecContext, session, state string, run int, gate string) {
	GinkgoHelper()
	gates := []object{}
	if gate != "" {
		gates = append(gates, object{"id": "id-of-" + gate, "name": gate, "outputs": []object{{"name": "by"}}})
	}
	s.standsWith(ctx, session, state, run, gates, []object{})
}

// standsWith says the same with these gates and steps.
func (s *script) standsWith(ctx SpecContext, session, state string, run int, gates, steps []object) {
	GinkgoHelper()
	known := func(data any) object { return object{"success": true, "data": data} }
	s.say(ctx, "status", object{"session": session, "success": true, "data": object{
		"status": object{
			"session": session, "state": state, "run": run, "gates": known(gates), "failed": known([]object{}),
			"workflow": object{"namespace": "ma", "name": "w", "uid": fmt.Sprint(session, run)},
			"pods":     known(object{"running": 0, "desired": 0}), "shards": object{"success": false, "error": "none"},
		},
		"steps": known(object{"nodes": steps}),
	}})
}

// isUnknown says that nothing is known of a backfill.
func (s *script) isUnknown(ctx SpecContext, session string) {
	GinkgoHelper()
	s.say(ctx, "status", object{"session": session, "success": false, "error": "the cluster is away"})
}
