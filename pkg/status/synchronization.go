package status

import (
	"fmt"
	"slices"
	"strings"
)

// Lock is a mutex or semaphore that workflows share.
type Lock struct {
	// Name is "<namespace>/Mutex/<name>", "<namespace>/ConfigMap/<name>/<key>" (a semaphore
	// whose size is in a ConfigMap) or "<namespace>/Database/<name>".
	Name string
	// Mutex means that the lock has one holder at a time. Otherwise it is a semaphore.
	Mutex bool
	// Holders are workflows ("<namespace>/<workflow>") and nodes
	// ("<namespace>/<workflow>/<node id>"). Argo before 3.6 writes only the last part.
	Holders []string
}

// String returns the kind, the name and the first few holders, e.g. "mutex ma/Mutex/deploy held by
// ma/other". Names are cut to 200 bytes.
func (l Lock) String() string {
	text := "semaphore "
	if l.Mutex {
		text = "mutex "
	}
	text += brief(l.Name, maxShownName)
	const most = 8
	for i, holder := range l.Holders {
		switch i {
		case 0:
			text += " held by "
		case most:
			return text + fmt.Sprintf(", and %d more", len(l.Holders)-most)
		default:
			text += ", "
		}
		text += brief(holder, maxShownName)
	}
	return text
}

// Synchronization is status.synchronization.
type Synchronization struct {
	// Holding are the locks that the workflow holds, with the holders that belong to it.
	Holding []Lock
	// Waiting are the locks that the workflow had to wait for, with their holders at that time. An
	// entry stays after the lock was acquired; see [WorkflowStatus.AwaitedLocks].
	Waiting []Lock
}

// AwaitedLocks returns the locks that nodes wait for now, and those that a pending workflow waits
// for, with their last known holders. There are none once the workflow has ended.
func (s *WorkflowStatus) AwaitedLocks() []Lock {
	if s.Completed() {
		return nil
	}
	var awaited []Lock
	added := map[string]bool{}
	add := func(l Lock) {
		if !added[l.Name] {
			added[l.Name] = true
			awaited = append(awaited, l)
		}
	}
	known := make(map[string]Lock, len(s.Synchronization.Waiting))
	for _, l := range s.Synchronization.Waiting {
		known[l.Name] = l
		if s.Phase == PhaseUnknown || s.Phase == PhasePending {
			add(l)
		}
	}
	for _, n := range s.Nodes {
		if n.WaitingForLock == "" || n.Phase.Fulfilled() {
			continue
		}
		l, ok := known[n.WaitingForLock]
		if !ok {
			l = Lock{Name: n.WaitingForLock, Mutex: strings.Contains(n.WaitingForLock, "/Mutex/")}
		}
		add(l)
	}
	return awaited
}

func readSynchronization(o *object) Synchronization {
	semaphore, mutex := o.object("semaphore"), o.object("mutex")
	return Synchronization{
		Holding: slices.DeleteFunc(
			append(readSemaphores(semaphore, "holding"), readMutexes(mutex, "holding")...),
			func(l Lock) bool { return len(l.Holders) == 0 }, // released
		),
		Waiting: append(readSemaphores(semaphore, "waiting"), readMutexes(mutex, "waiting")...),
	}
}

func readSemaphores(o *object, key string) (locks []Lock) {
	for _, l := range o.objects(key) {
		locks = append(locks, Lock{Name: l.string("semaphore"), Holders: l.strings("holders")})
	}
	return locks
}

func readMutexes(o *object, key string) (locks []Lock) {
	for _, l := range o.objects(key) {
		lock := Lock{Name: l.string("mutex"), Mutex: true}
		if holder := l.string("holder"); holder != "" {
			lock.Holders = []string{holder}
		}
		locks = append(locks, lock)
	}
	return locks
}
