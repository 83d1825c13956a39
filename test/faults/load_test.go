package faults_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// labelStart numbers what a load starts, and labelBatch names the load, if it has a name.
	labelStart = "faults.argoservice/start"
	labelBatch = "faults.argoservice/batch"
)

const (
	// controllerTime is what the controller gets to end everything: it can take half a minute
	// to come back to a restarted API server.
	controllerTime = 3 * time.Minute
	// look is the time between looks at whether it has. Each time after so many the controller is
	// helped with what nobody decides about.
	look      = time.Second
	helpAfter = 5
)

// errLate is why a wait that should have ended long since is given up.
var errLate = errors.New("it did not end in time")

// ending is how the test ends a workflow that somebody waits for.
type ending int

const (
	resumed ending = iota
	stopped
	deleted
	byItself
	anyhow // also if the controller fails it, as it does at times when it can't reach the API server
)

// load is what goes on while a fault is injected: waits at gates, which the test lets go on,
// stops or deletes, and starts of workflows that end by themselves and are waited for.
type load struct {
	scene    *scene
	template string            // of what it starts
	ends     ending            // of that
	batch    string            // of several loads in one scene
	labels   map[string]string // of all its workflows
	first    int               // number of its starts
	cancel   context.CancelCauseFunc
	calls    sync.WaitGroup

	mu     sync.Mutex
	waits  []*waiter
	starts []*start
	failed []error // of steering
	// refused is how many starts have ended with an error.
	refused int
}

// newLoad makes a load, and the context of its calls, which ends with finish.
func newLoad(ctx context.Context, s *scene) (context.Context, *load) {
	ctx, cancel := context.WithCancelCause(ctx)
	DeferCleanup(func() { cancel(nil) }) // where the spec fails before
	return ctx, &load{scene: s, template: "timer", ends: byItself, cancel: cancel}
}

// selector selects the workflows that a load with a name has started, and all of the scene for one without.
func (l *load) selector() string {
	if l.batch == "" {
		return ""
	}
	return labelBatch + "=" + l.batch
}

// waiter is one call of Wait and what it showed.
type waiter struct {
	name   string
	uid    string
	ending ending

	mu      sync.Mutex
	atGate  bool
	ended   bool
	last    uint64 // resource version
	phased  bool   // last had a phase
	again   int    // states shown once more, or after the condition had held
	back    int    // states older than the one before
	state   *status.WorkflowStatus
	err     error
	started *start // that it is the wait for; nil: a gate
}

// start is one call of Start.
type start struct {
	id    int
	state *status.WorkflowStatus
	err   error
}

// gates starts workflows that wait at a gate, and has them waited for by the callers in turn. It
// returns when each wait has seen its gate. Of ten, one is to be stopped and one deleted.
func (l *load) gates(ctx context.Context, n int, callers []*caller) {
	GinkgoHelper()
	l.waits = make([]*waiter, n)
	each(n, func(i int) {
		defer GinkgoRecover()
		s, err := l.scene.steer.Start(ctx, workflow.StartRequest{Template: "gate", Labels: l.labels})
		Expect(err).NotTo(HaveOccurred())
		w := &waiter{name: s.Name, uid: string(s.UID)}
		switch i % 10 {
		case 3:
			w.ending = stopped
		case 7:
			w.ending = deleted
		}
		l.waits[i] = w
	})
	for i, w := range l.waits {
		l.calls.Go(func() { w.run(ctx, callers[i%len(callers)]) })
	}
	Eventually(ctx, func() int { return l.count(func(w *waiter) bool { return w.atGate }) }).
		WithTimeout(2*soon).Should(Equal(n), "waits that see their gate")
}

// start starts workflows that end by themselves, by the callers in turn, and waits for each.
func (l *load) start(ctx context.Context, n int, callers []*caller) {
	for range n {
		l.mu.Lock()
		st := &start{id: l.first + len(l.starts)}
		l.starts = append(l.starts, st)
		l.mu.Unlock()
		c := callers[st.id%len(callers)]
		l.calls.Go(func() {
			req := workflow.StartRequest{Template: l.template, Labels: map[string]string{labelStart: strconv.Itoa(st.id)}}
			maps.Copy(req.Labels, l.labels)
			if l.batch != "" {
				req.Labels[labelBatch] = l.batch
			}
			if st.id%2 == 1 {
				req.IdempotencyKey = fmt.Sprint("start-", st.id)
			}
			st.state, st.err = c.Start(ctx, req)
			if st.err != nil {
				l.mu.Lock()
				l.refused++
				l.mu.Unlock()
				return
			}
			w := &waiter{name: st.state.Name, uid: string(st.state.UID), ending: l.ends, started: st}
			l.mu.Lock()
			l.waits = append(l.waits, w)
			l.mu.Unlock()
			if c.nobodys {
				l.calls.Go(func() { l.scene.succeed(ctx, w.name) })
			}
			w.run(ctx, c)
		})
	}
}

// end ends the gates from first to last, all at once, and returns when that is written.
func (l *load) end(ctx context.Context, first, last int) {
	l.mu.Lock()
	chosen := slices.Clone(l.waits[first:last])
	l.mu.Unlock()
	each(len(chosen), func(i int) {
		if err := l.steer(ctx, chosen[i]); err != nil {
			l.mu.Lock()
			l.failed = append(l.failed, err)
			l.mu.Unlock()
		}
	})
}

func (l *load) steer(ctx context.Context, w *waiter) error {
	switch w.ending {
	case stopped:
		return l.scene.steer.Stop(ctx, w.name, workflow.StopOptions{})
	case deleted:
		return l.scene.steer.Delete(ctx, w.name, workflow.DeleteOptions{})
	default:
		_, err := l.scene.steer.Resume(ctx, w.name, workflow.ResumeOptions{})
		return err
	}
}

// finish waits until all calls have ended. Waits get so long once all workflows have ended, and
// are given up then. It fails the spec if the workflows don't end.
func (l *load) finish(ctx context.Context, within time.Duration) {
	GinkgoHelper()
	By("the fault is over, or lasts")
	ended := make(chan struct{})
	go func() {
		l.calls.Wait()
		close(ended)
	}()
	looks := 0
	Eventually(ctx, func() error {
		select {
		case <-ended:
			return nil
		default:
			looks++
			return l.allEnded(ctx, looks%helpAfter == 0)
		}
	}).WithTimeout(controllerTime).WithPolling(look).Should(Succeed())
	By("all workflows have ended")
	l.awaitCalls(within)
}

// awaitReturned waits until so many waits have returned.
func (l *load) awaitReturned(ctx context.Context, n int) {
	GinkgoHelper()
	returned := func(w *waiter) bool { return w.state != nil || w.err != nil }
	Eventually(ctx, func() int { return l.count(returned) }).WithTimeout(controllerTime).Should(BeNumerically(">=", n))
}

// awaitCalls waits until all calls have ended. Those that take longer are given up.
func (l *load) awaitCalls(within time.Duration) {
	late := time.AfterFunc(within, func() { l.cancel(errLate) })
	l.calls.Wait()
	late.Stop()
	l.cancel(nil)
}

// allEnded is nil once all starts have returned and all workflows have ended, as the API server
// has it. Help touches those that are to end by themselves and have not: the controller can overlook
// them while the API server is away. A decision has to take effect without help, and what has ended
// is not touched, so nobody is helped who has overlooked that.
func (l *load) allEnded(ctx context.Context, help bool) error {
	l.mu.Lock()
	starting := len(l.starts) - l.refused
	byThemselves := map[string]bool{} // by UID, of all that is waited for
	for _, w := range l.waits {
		byThemselves[w.uid] = w.started != nil
		if w.started != nil {
			starting--
		}
	}
	l.mu.Unlock()
	h := l.scene.held(ctx, l.selector())
	var running []string
	overlooked := map[string]string{}
	for uid, s := range h.byUID {
		byItself, waitedFor := byThemselves[uid]
		if !waitedFor || s.Completed() {
			continue
		}
		running = append(running, s.Name)
		if byItself {
			overlooked[s.Name] = s.ResourceVersion
		}
	}
	if help {
		l.scene.touch(ctx, overlooked)
	}
	if starting > 0 || len(running) > 0 {
		return fmt.Errorf("%d starts have not returned, %d workflows have not ended: %v", starting, len(running), running)
	}
	return nil
}

func (l *load) count(which func(*waiter) bool) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for _, w := range l.waits {
		w.mu.Lock()
		if which(w) {
			n++
		}
		w.mu.Unlock()
	}
	return n
}

func (w *waiter) run(ctx context.Context, c *caller) {
	state, err := c.Wait(ctx, w.name, w.see)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state, w.err = state, err
}

// see is the condition of the wait: the workflow has ended.
func (w *waiter) see(s *status.WorkflowStatus) (bool, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	version, err := strconv.ParseUint(s.ResourceVersion, 10, 64)
	if err != nil {
		return false, err
	}
	switch {
	case w.ended, version == w.last && w.phased: // without a phase it may be shown again, with a diagnosis
		w.again++
	case version < w.last:
		w.back++
	}
	w.last, w.phased = version, s.Phase != status.PhaseUnknown
	w.atGate = w.atGate || s.Suspended()
	w.ended = s.Completed()
	return w.ended, nil
}

// each calls work for 0 to n-1, some at a time, and returns when all have ended.
func each(n int, work func(i int)) {
	const atOnce = 32
	free := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			work(i)
		})
	}
	all.Wait()
}
