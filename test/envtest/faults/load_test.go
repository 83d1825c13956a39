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
	"k8s.io/client-go/util/workqueue"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// labelStart is the number of a start of a load. labelBatch is the name of the load, if it has
	// one.
	labelStart = "faults.argoservice/start"
	labelBatch = "faults.argoservice/batch"
)

const (
	// controllerTime is how long the controller may take to end all workflows. It can need half a
	// minute to reconnect to a restarted API server.
	controllerTime = 3 * time.Minute
	// look is the interval of checks whether all workflows have ended. After each helpAfter of
	// them, the test touches the workflows that no decision is about.
	look      = time.Second
	helpAfter = 5
)

// errLate is the cause with which an overdue wait is cancelled.
var errLate = errors.New("it did not end in time")

// ending is how the test ends a workflow that a wait is on.
type ending int

const (
	resumed ending = iota
	stopped
	deleted
	byItself
	anyhow // accepts that the controller fails it, which happens when it can't reach the API server or the database
)

// load is the operations that run while a fault is injected: waits at gates, which the test
// resumes, stops or deletes, and starts of workflows that end by themselves, each with a wait. Half of
// the waits follow whole workflows, half need the end only.
type load struct {
	scene    *scene
	template string            // of the workflows that it starts
	ends     ending            // of these workflows
	batch    string            // distinguishes several loads in one scene
	labels   map[string]string // of all its workflows
	whole    bool              // all waits follow whole workflows
	first    int               // number of its first start
	cancel   context.CancelCauseFunc
	calls    sync.WaitGroup

	mu     sync.Mutex
	waits  []*waiter
	starts []*start
	failed []error // of the test's own requests
	// refused is how many starts have returned an error.
	refused int
}

// newLoad returns a load and the context of its calls, which finish cancels.
func newLoad(ctx context.Context, s *scene) (context.Context, *load) {
	ctx, cancel := context.WithCancelCause(ctx)
	DeferCleanup(func() { cancel(nil) }) // if the spec fails before finish
	return ctx, &load{scene: s, template: "timer", ends: byItself, cancel: cancel}
}

// selector selects the workflows that a named load has started, or all workflows of the scene if
// the load has no name.
func (l *load) selector() string {
	if l.batch == "" {
		return ""
	}
	return labelBatch + "=" + l.batch
}

// waiter is one call of Wait and the states that it received.
type waiter struct {
	name   string
	uid    string
	ending ending
	// endOnly: it is shown the first state and the end.
	endOnly bool

	mu      sync.Mutex
	atGate  bool
	ended   bool
	last    uint64 // resource version
	phased  bool   // last had a phase
	again   int    // states received twice, or after the condition held
	back    int    // states older than the previous one
	state   *status.WorkflowStatus
	err     error
	started *start // that the wait belongs to; nil: a gate
}

// start is one call of Start.
type start struct {
	id    int
	state *status.WorkflowStatus
	err   error
}

// gates starts workflows that wait at a gate, with a wait on each by the callers in turn. It
// returns when each wait has received the state at the gate. Of ten workflows, one is to be stopped
// and one to be deleted.
func (l *load) gates(ctx context.Context, n int, callers []*caller) {
	GinkgoHelper()
	l.waits = make([]*waiter, n)
	each(n, func(i int) {
		defer GinkgoRecover()
		s, err := l.scene.steer.Start(ctx, workflow.StartRequest{Template: "gate", Labels: l.labels})
		Expect(err).NotTo(HaveOccurred())
		w := &waiter{name: s.Name, uid: string(s.UID), endOnly: l.endOnly(i)}
		switch i % 10 {
		case 3:
			w.ending = stopped
		case 7:
			w.ending = deleted
		}
		l.waits[i] = w
	})
	for i, w := range l.waits {
		l.calls.Go(func() {
			c := callers[i%len(callers)]
			if w.endOnly { // or the first state could be one before the gate
				if _, err := c.Wait(ctx, w.name, workflow.Suspended); err != nil {
					w.returned(nil, err)
					return
				}
			}
			w.run(ctx, c)
		})
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
			started, err := c.Start(ctx, req)
			if st.err = err; err != nil {
				l.mu.Lock()
				l.refused++
				l.mu.Unlock()
				return
			}
			st.state = started.WorkflowStatus
			w := &waiter{name: st.state.Name, uid: string(st.state.UID), ending: l.ends, started: st, endOnly: l.endOnly(st.id)}
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

// end ends the gates from first to last concurrently, and returns when that is written.
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
		if w.ending == anyhow && errors.Is(err, workflow.ErrCompleted) {
			return nil // the controller has failed it
		}
		return err
	}
}

// acceptFailures accepts that the controller fails workflows, also before the test ends them.
func (l *load) acceptFailures() {
	l.ends = anyhow
	for _, w := range l.waits {
		w.ending = anyhow
	}
}

// finish blocks until all calls have ended. Once all workflows have ended, waits that take longer
// than within are cancelled. It fails the spec if the workflows don't end.
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

// awaitReturned blocks until n waits have returned.
func (l *load) awaitReturned(ctx context.Context, n int) {
	GinkgoHelper()
	returned := func(w *waiter) bool { return w.state != nil || w.err != nil }
	Eventually(ctx, func() int { return l.count(returned) }).WithTimeout(controllerTime).Should(BeNumerically(">=", n))
}

// awaitCalls blocks until all calls have ended, and cancels those that take longer.
func (l *load) awaitCalls(within time.Duration) {
	late := time.AfterFunc(within, func() { l.cancel(errLate) })
	l.calls.Wait()
	late.Stop()
	l.cancel(nil)
}

// allEnded returns nil once all starts have returned and all workflows have ended on the API
// server. With help, it touches those that should have ended by themselves, because the controller
// can miss them during an outage of the API server. A decision has to take effect without a touch,
// and ended workflows are not touched, so a wait that missed an end gets no help.
func (l *load) allEnded(ctx context.Context, help bool) error {
	l.mu.Lock()
	starting := len(l.starts) - l.refused
	byThemselves := map[string]bool{} // by UID, of all workflows with a wait
	for _, w := range l.waits {
		byThemselves[w.uid] = w.started != nil
		if w.started != nil {
			starting--
		}
	}
	l.mu.Unlock()
	var running []string
	var overlooked []*status.WorkflowStatus
	for uid, s := range l.scene.held(ctx, l.selector()).byUID {
		byItself, waitedFor := byThemselves[uid]
		if !waitedFor || s.Completed() {
			continue
		}
		running = append(running, s.Name)
		if byItself {
			overlooked = append(overlooked, s)
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

// endOnly reports whether the wait of that number needs the end only: every third and fourth does, so
// that callers and endings, which are in turn, have waits of both kinds.
func (l *load) endOnly(number int) bool { return !l.whole && number%4 > 1 }

func (w *waiter) run(ctx context.Context, c *caller) {
	var opts []workflow.WaitOption
	if w.endOnly {
		opts = append(opts, workflow.WithEndOnly())
	}
	w.returned(c.Wait(ctx, w.name, w.see, opts...))
}

func (w *waiter) returned(state *status.WorkflowStatus, err error) {
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
	case w.endOnly && w.last != 0 && !s.Completed() && s.StartDiagnostic == nil:
		w.again++ // it is not to be shown
	case w.ended, version == w.last && w.phased: // without a phase, a state may be received again, with a diagnosis
		w.again++
	case version < w.last:
		w.back++
	}
	w.last, w.phased = version, s.Phase != status.PhaseUnknown
	w.atGate = w.atGate || s.Suspended()
	w.ended = s.Completed()
	return w.ended, nil
}

// each calls work for 0 to n-1, several at a time, and returns when all calls have returned.
func each(n int, work func(i int)) {
	const atOnce = 32
	workqueue.ParallelizeUntil(context.Background(), atOnce, n, work)
}
