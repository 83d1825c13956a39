package faults_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// swapper replaces plain objects in responses by the hostile objects of the same names.
type swapper struct {
	namespace string
	unread    atomic.Int64 // responses that are not JSON, in which it replaces nothing

	mu  sync.Mutex
	bad []hostile
}

func (s *swapper) add(h hostile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad = append(s.bad, h)
}

// named returns the hostile object that replaces a plain one.
func (s *swapper) named(plain []byte) (h hostile, metadata string, found bool) {
	var object struct {
		Metadata map[string]json.RawMessage `json:"metadata"`
	}
	if json.Unmarshal(plain, &object) != nil {
		return hostile{}, "", false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.bad {
		if string(object.Metadata["name"]) != `"`+h.name+`"` {
			continue
		}
		var members []string
		for _, member := range []string{"uid", "resourceVersion", "labels"} {
			members = append(members, fmt.Sprintf("%q:%s", member, object.Metadata[member]))
		}
		if h.metadata != "" { // the identifying metadata stays
			h.metadata = strings.Join(members[:2], ",") + "," + h.metadata
		}
		return h, strings.Join(members, ","), true
	}
	return hostile{}, "", false
}

func (s *swapper) body(r *http.Request, body []byte) []byte {
	if r.Method != http.MethodGet {
		return body
	}
	var list struct {
		Kind     string            `json:"kind"`
		Metadata json.RawMessage   `json:"metadata"`
		Items    []json.RawMessage `json:"items"`
	}
	if json.Unmarshal(body, &list) != nil {
		s.unread.Add(1)
		return body
	}
	if list.Kind == "Workflow" {
		if h, metadata, found := s.named(body); found {
			return []byte(h.text(s.namespace, metadata))
		}
		return body
	}
	if list.Kind != "WorkflowList" {
		return body
	}
	items := make([]string, len(list.Items))
	for i, item := range list.Items {
		items[i] = string(item)
		if h, metadata, found := s.named(item); found && !h.undecodable {
			items[i] = h.text(s.namespace, metadata)
		}
	}
	return fmt.Appendf(nil, `{"apiVersion":"argoproj.io/v1alpha1","kind":"WorkflowList","metadata":%s,"items":[%s]}`,
		list.Metadata, strings.Join(items, ","))
}

func (s *swapper) event(line []byte) []byte {
	var event struct {
		Type   string          `json:"type"`
		Object json.RawMessage `json:"object"`
	}
	if json.Unmarshal(line, &event) != nil {
		return line
	}
	if h, metadata, found := s.named(event.Object); found {
		return fmt.Appendf(nil, `{"type":%q,"object":%s}`, event.Type, h.text(s.namespace, metadata))
	}
	return line
}
