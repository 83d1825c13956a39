package workflow

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

// replacing is an API server with a controller that ends workflows that are stopped, and a garbage
// collector that completes deletions.
type replacing struct {
	*apitest.Server

	t      *testing.T
	old    types.UID // of the workflow n, which is there first
	writes []string  // that changed something, such as "delete n-101"; of stops, the first one
}

const reaction = 500 * time.Millisecond // of the controller and the garbage collector

// newReplacing returns a server with a running workflow n. edit may be nil.
func newReplacing(t *testing.T, edit func(*unstructured.Unstructured)) *replacing {
	t.Helper()
	s := &replacing{Server: apitest.New(), t: t}
	s.Put("n", func(u *unstructured.Unstructured) {
		set(u, "2026-01-01T00:00:00Z", "status", "startedAt")
		if edit != nil {
			edit(u)
		}
		s.old = u.GetUID()
	})
	s.Wrote = s.react
	return s
}

func set(u *unstructured.Unstructured, value any, path ...string) {
	_ = unstructured.SetNestedField(u.Object, value, path...)
}

// react is called with the server's lock held.
func (s *replacing) react(method string, obj *unstructured.Unstructured) {
	name, uid := obj.GetName(), obj.GetUID()
	verb := map[string]string{http.MethodPost: "create", http.MethodPatch: "stop", http.MethodDelete: "delete"}[method]
	phase, _, _ := unstructured.NestedString(obj.Object, "status", "phase")
	if method == http.MethodDelete && phase == "Running" && obj.GetDeletionTimestamp() == nil {
		verb = "kill" // it was not stopped, or its end was not awaited
	}
	write := fmt.Sprint(verb, " ", uid)
	if method == http.MethodPatch && slices.Contains(s.writes, write) {
		return
	}
	s.writes = append(s.writes, write)
	then := func(do func()) {
		time.AfterFunc(reaction, func() {
			if now := s.Object(name); now != nil && now.GetUID() == uid {
				do()
			}
		})
	}
	switch {
	case method == http.MethodPatch && phase == "Running":
		then(func() { s.SetPhase(name, "Failed") })
	case method == http.MethodDelete && !slices.Contains(obj.GetFinalizers(), "test/held"):
		then(func() { s.Remove(name) })
	}
}

// seen returns the writes so far, with old and new in the place of UIDs.
func (s *replacing) seen() string {
	s.Lock()
	defer s.Unlock()
	words := slices.Clone(s.writes)
	for i, w := range words {
		verb, uid, _ := strings.Cut(w, " ")
		words[i] = verb + " new"
		if uid == string(s.old) {
			words[i] = verb + " old"
		}
	}
	return strings.Join(words, ", ")
}

func (s *replacing) client() *WorkflowClient {
	s.t.Helper()
	c, err := NewForConfig(s.Config(s.t), Options{})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// replacement returns a request that replaces the workflow n.
func replacement(key string) StartRequest {
	return StartRequest{Manifest: []byte(suspending), Name: "n", IfExists: ExistsReplace, IdempotencyKey: key}
}
