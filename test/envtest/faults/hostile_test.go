package faults_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	// opTime bounds an operation on a hostile object. It takes a second, and many times that with
	// the race detector on a busy machine.
	opTime = time.Minute
	// opHeap bounds how much the heap may grow during an operation, garbage included.
	opHeap = 600 << 20
)

// glance returns the timeout of a wait on a hostile object.
func glance() time.Duration { return form(300*time.Millisecond, time.Second) }

// Hostile objects occur among workflows that callers wait for. No controller acts here.
var _ = Describe("objects no one should meet", first, func() {
	var s *scene
	BeforeEach(func(ctx SpecContext) { s = newScene(ctx) }, NodeTimeout(soon))

	It("from the API server end neither an operation badly nor what others do", func(ctx SpecContext) {
		c := s.callerWith(cluster.Config(), nil, unmanaged(s.namespace))
		g := newGathering(ctx, s, c, "objects no one should meet, from the API server")
		objects := storable()
		if cluster.Definitions() == envtest.MinimalDefinitions {
			objects = append(objects, loose()...)
		}
		for _, h := range objects {
			g.meet(ctx, h, g.store)
		}
		g.end(ctx)
	}, SpecTimeout(8*time.Minute))

	It("from something in between end neither an operation badly nor what others do", func(ctx SpecContext) {
		swap := &swapper{namespace: s.namespace}
		proxy := s.answers(faults.AnswersOptions{Body: swap.body, Event: swap.event})
		c := s.callerWith(proxy.Config(), nil, unmanaged(s.namespace))
		g := newGathering(ctx, s, c, "objects no one should meet, from something in between")
		objects := foreign()
		if cluster.Definitions() == envtest.FullDefinitions {
			objects = append(objects, loose()...)
		}
		for _, h := range objects {
			g.meet(ctx, h, func(ctx context.Context, h hostile) {
				swap.add(h)
				g.store(ctx, hostile{name: h.name, spec: usualSpec, status: `{}`})
			})
		}
		g.end(ctx)
		Expect(swap.unread.Load()).To(BeZero(), "responses without the hostile objects")
	}, SpecTimeout(8*time.Minute))
})

// gathering is a set of good workflows that callers wait for, with the hostile ones among them.
type gathering struct {
	scene  *scene
	caller *caller
	good   []string
	waits  sync.WaitGroup
	bad    []hostile
	v      *verdict
}

func newGathering(ctx context.Context, s *scene, c *caller, fault string) *gathering {
	GinkgoHelper()
	g := &gathering{scene: s, caller: c, v: &verdict{Row: faults.Row{Fault: fault}}}
	seen := sync.WaitGroup{}
	for range form(20, 100) {
		started, err := c.Start(ctx, workflow.StartRequest{Template: "gate"})
		Expect(err).NotTo(HaveOccurred())
		g.good = append(g.good, started.Name)
		g.v.InFlight++
		seen.Add(1)
		first := sync.OnceFunc(seen.Done)
		g.waits.Go(func() {
			state, err := c.Wait(ctx, started.Name, func(st *status.WorkflowStatus) (bool, error) {
				first()
				return st.Completed(), nil
			})
			first()
			if err != nil || state.UID != started.UID || state.Outcome() != status.OutcomeSucceeded {
				g.v.wrong("wait for %s: %v", started.Name, err)
			}
		})
	}
	seen.Wait()
	return g
}

// meet creates a hostile object, changes it, and runs every operation on it.
func (g *gathering) meet(ctx context.Context, h hostile, bring func(context.Context, hostile)) {
	GinkgoHelper()
	if h.slowest && !long() {
		return
	}
	bring(ctx, h)
	g.bad = append(g.bad, h)
	g.v.Injected++
	for range 3 { // for calls that watch the namespace
		const touch = `{"metadata":{"annotations":{"faults.argoservice/touched":%q}}}`
		Expect(g.scene.patch(ctx, h.name, touch, time.Now().String())).To(Succeed())
	}
	for _, op := range g.operations() {
		if op.name == "watch" && h.undecodable {
			continue // a watch resumes from a list, which doesn't contain it
		}
		if (h.slow || h.slowest) && !op.always && (!op.often || !long()) {
			continue
		}
		g.bounded(ctx, op.name+" of "+h.name, func(ctx context.Context) error { return op.do(ctx, h.name) })
	}
}

// operation is an operation on a workflow, hostile or not.
type operation struct {
	name   string
	always bool // also for slow objects
	often  bool // also for slow objects in the long form
	do     func(ctx context.Context, name string) error
}

func (g *gathering) operations() []operation {
	c := g.caller
	glanceAt := func(ctx context.Context, name string, until workflow.Condition) error {
		ctx, cancel := context.WithTimeout(ctx, glance())
		defer cancel()
		_, err := c.Wait(ctx, name, until)
		return err
	}
	return []operation{
		{name: "get", always: true, do: func(ctx context.Context, name string) error { _, err := c.Get(ctx, name); return err }},
		{name: "watch", do: func(ctx context.Context, name string) error { return firstOf(c.Watch(ctx, name)) }},
		{name: "wait", often: true, do: func(ctx context.Context, name string) error { return glanceAt(ctx, name, workflow.Completed) }},
		{name: "wait for a gate", do: func(ctx context.Context, name string) error { return glanceAt(ctx, name, workflow.Suspended) }},
		{name: "resume", often: true, do: func(ctx context.Context, name string) error {
			_, err := c.Resume(ctx, name, workflow.ResumeOptions{})
			return err
		}},
		{name: "stop", do: func(ctx context.Context, name string) error { return c.Stop(ctx, name, workflow.StopOptions{}) }},
	}
}

// firstOf returns the error of a sequence's first element, or nil.
func firstOf[T any](seq func(func(T, error) bool)) error {
	for _, err := range seq {
		return err
	}
	return errors.New("the sequence is empty")
}

// list lists all workflows: the good ones unchanged, each other one as a state or an error with its
// name.
func (g *gathering) list(ctx context.Context) error {
	met := map[string]bool{}
	for s, err := range g.caller.List(ctx, workflow.ListOptions{}) {
		var e *workflow.Error
		switch {
		case err == nil:
			met[s.Name] = true
		case errors.As(err, &e) && e.Name != "":
			met[e.Name] = true
		default:
			return err
		}
	}
	for _, h := range g.bad {
		if !met[h.name] && !h.undecodable {
			return fmt.Errorf("%s is not in the list", h.name)
		}
	}
	for _, name := range g.good {
		if !met[name] {
			return fmt.Errorf("%s is not in the list", name)
		}
	}
	return nil
}

// bounded calls do, which has to return in time, with little memory, and with either nil or an
// error of this library.
func (g *gathering) bounded(ctx context.Context, what string, do func(context.Context) error) {
	GinkgoHelper()
	g.v.InFlight++
	before := heap()
	peak := watchHeap()
	ctx, cancel := context.WithTimeoutCause(ctx, opTime, errLate)
	defer cancel()
	began := time.Now()
	err := do(ctx)
	took, grown := time.Since(began), max(peak(), before)-before
	var e *workflow.Error
	switch {
	case took > opTime || errors.Is(err, errLate):
		g.v.lost("%s: %v after %s", what, err, took)
	case err != nil && !errors.As(err, &e):
		g.v.wrong("%s: %.300v", what, err)
	case grown > opHeap:
		g.v.wrong("%s: %d MiB of heap", what, grown>>20)
	}
	GinkgoLogr.Info(what, "took", took, "MiB", grown>>20, "error", fmt.Sprintf("%.200v", err))
}

// watchHeap samples the size of the heap. The returned function stops that and returns the largest
// size.
func watchHeap() func() uint64 {
	stop, result := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		ticks := time.NewTicker(10 * time.Millisecond)
		defer ticks.Stop()
		for {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
			select {
			case <-ticks.C:
			case <-stop:
				result <- most
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-result
	}
}

// end ends the good workflows, as their controller would, and judges the results.
func (g *gathering) end(ctx context.Context) {
	GinkgoHelper()
	g.bounded(ctx, "list of all", g.list)
	for _, name := range g.good {
		const succeed = `{"status":{"phase":"Succeeded","finishedAt":"2026-01-01T00:00:00Z"}}`
		Expect(g.scene.patch(ctx, name, succeed)).To(Succeed())
	}
	done := make(chan struct{})
	go func() {
		g.waits.Wait()
		close(done)
	}()
	Eventually(ctx, done).WithTimeout(2*soon).Should(BeClosed(), "the waits for good workflows end")
	g.scene.leave(ctx)
	enter(g.v)
}

// store makes the API server store an object exactly as it is written.
func (g *gathering) store(ctx context.Context, h hostile) {
	GinkgoHelper()
	label := fmt.Sprintf(`"labels":{"workflows.argoproj.io/controller-instanceid":%q}`, nobody)
	err := kube.Discovery().RESTClient().Post().
		AbsPath("/apis/argoproj.io/v1alpha1/namespaces", g.scene.namespace, "workflows").
		SetHeader("Content-Type", "application/json").
		Body([]byte(h.text(g.scene.namespace, label))).
		Do(ctx).Error()
	Expect(err).NotTo(HaveOccurred(), h.name)
}
