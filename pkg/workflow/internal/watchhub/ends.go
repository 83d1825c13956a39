package watchhub

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ends are the ends that calls have seen last of the workflows that they follow, so that each counts
// once.
type ends struct {
	mu   sync.Mutex
	last map[string]*lastEnd // by the workflow's name
}

type lastEnd struct {
	topics int // of that name
	end
}

// end identifies the end of a workflow, which has another one after a retry.
type end struct {
	uid   types.UID
	at    time.Time // whole seconds, if the controller has written it
	phase status.Phase
}

// follow is for a new topic of that name, and leave for one that is removed.
func (e *ends) follow(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last[name] == nil {
		e.last[name] = &lastEnd{}
	}
	e.last[name].topics++
}

func (e *ends) leave(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last[name].topics--; e.last[name].topics == 0 {
		delete(e.last, name)
	}
}

// first reports whether no other call has seen the workflow come to that end.
func (e *ends) first(name string, s *status.WorkflowStatus) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	seen, last := end{uid: s.UID, at: s.EndTime, phase: s.Phase}, e.last[name]
	first := last.end != seen
	last.end = seen
	return first
}
