package faults_test

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	// soakFor is the environment variable with the duration of the soak.
	soakFor     = "SOAK_FOR"
	soakDefault = 10 * time.Minute
	// shortSoak is long enough for the rate to be that of the machine.
	shortSoak = time.Minute

	// soakRate is the number of starts per second, whether or not earlier ones have returned.
	soakRate = 50
	// soakGates is the number of waits that last for the whole soak.
	soakGates = 100
	// batchTime is how long starts are added to a batch. Then the batch is judged and deleted.
	batchTime = 10 * time.Second
	// batchPatience is how long the calls of a batch may take after the batch is complete.
	batchPatience = 4 * time.Minute
	// Every loseEvery-th response to one of the clients is lost, during the whole soak.
	loseEvery = 20
	// growth is how many bytes the heap may grow per start, beside the slack for memory of the
	// runtime and client-go that varies. A leak would be larger.
	growth = 256
	slack  = 1 << 20
	// shortSlack is added in a soak that is shorter than shortSoak. It is less than the objects of its
	// starts take.
	shortSlack = 4 << 20
)

// soak is an endless load: batches of starts with waits, one after the other.
type soak struct {
	scene *scene
	// callers start in turn. The workflows of the last of ten are run by the real controller, which
	// can run 35 a second on a machine with two cores. The test ends those of the others.
	callers []*caller
	faults  *soakFaults

	work    sync.WaitGroup
	judging sync.Mutex // one batch at a time

	mu      sync.Mutex
	started int
	took    time.Duration // by the starts
	judged  int           // of those
	verdict verdict
	samples []sample
}

// sample is the resource usage of the process after a batch.
type sample struct {
	started    int
	heap       uint64
	goroutines int
}

var _ = Describe("a service that goes on", Label("soak"), func() {
	It("loses nothing and grows by nothing under one fault after the other", func(ctx SpecContext) {
		lasts := soakDefault
		if text := os.Getenv(soakFor); text != "" {
			var err error
			lasts, err = time.ParseDuration(text)
			Expect(err).NotTo(HaveOccurred(), soakFor)
			Expect(lasts).To(BeNumerically(">=", 3*batchTime), soakFor+": the heap is looked at in thirds")
		}
		s := newScene(ctx)
		proxy := s.answers(faults.AnswersOptions{LoseEvery: loseEvery})
		line, proxyLine := s.line(cluster.Config()), s.line(proxy.Config())
		opts := unmanaged(s.namespace)
		k := &soak{scene: s, faults: newSoakFaults(line, proxyLine, proxy)}
		for _, c := range []*caller{
			s.callerWith(cluster.Config(), line, opts),
			s.callerWith(proxy.Config(), proxyLine, opts),
			s.callerWith(s.account(ctx, "soak"), nil, opts),
		} {
			c.nobodys = true
			k.callers = append(k.callers, c, c, c)
		}
		k.callers = append(k.callers, s.caller(cluster.Config(), line))
		calls, gates := newLoad(ctx, s)
		gates.gates(calls, soakGates, k.callers)

		over, end := context.WithTimeout(ctx, lasts)
		defer end()
		k.work.Go(func() { k.start(ctx, over) })
		helping, enough := context.WithCancel(ctx)
		defer enough()
		var helper sync.WaitGroup
		helper.Go(func() { k.help(ctx, helping) })
		injected := k.faults.inject(ctx, over)
		say("the last batches end")
		k.work.Wait()
		enough()
		helper.Wait()
		gates.end(calls, 0, soakGates)
		gates.finish(ctx, time.Minute)

		v := gates.judge(ctx, fmt.Sprintf("soak: %d starts a second and %d long waits for %s", soakRate, soakGates, lasts), injected)
		v.add(&k.verdict)
		k.report()
		s.leave(ctx)
		enter(v)
		if lasts >= shortSoak { // in a shorter soak, a busy moment of the machine has an effect
			Expect(k.rate()).To(BeNumerically(">", 0.98*soakRate), "starts a second")
		}
		before, last := k.lows()
		allowed := before.allows(last.started)
		if lasts < shortSoak { // it has few samples, and each of them requests in flight
			allowed += shortSlack
		}
		Expect(last.heap).To(BeNumerically("<", allowed), "the heap doesn't grow with the starts")
	}, SpecTimeout(time.Hour))
})

// succeed ends a workflow as a controller would, because no controller has picked it up.
func (s *scene) succeed(ctx context.Context, name string) {
	const patch = `{"metadata":{"labels":{` +
		`"workflows.argoproj.io/completed":"true","workflows.argoproj.io/phase":"Succeeded"}},` +
		`"status":{"phase":"Succeeded","progress":"1/1"}}`
	for sleep(ctx, breath) {
		if s.patch(ctx, name, patch) == nil {
			return
		}
	}
}

// start starts workflows until over ends, and has each batch judged.
func (k *soak) start(ctx, over context.Context) {
	began := time.Now()
	tick := time.NewTicker(time.Second / soakRate)
	defer tick.Stop()
	for batch := 0; over.Err() == nil; batch++ {
		calls, l := newLoad(ctx, k.scene)
		l.template, l.ends, l.batch, l.first = "quick", anyhow, strconv.Itoa(batch), k.started
		filling, end := context.WithTimeout(over, batchTime)
		for filling.Err() == nil {
			select {
			case <-filling.Done():
			case <-tick.C:
				l.start(calls, 1, k.callers)
			}
		}
		end()
		k.mu.Lock()
		k.started += len(l.starts)
		k.took = time.Since(began)
		k.mu.Unlock()
		k.work.Go(func() { k.finish(ctx, l) })
	}
}

// finish judges a batch when its calls have ended, deletes its workflows, and takes a sample.
func (k *soak) finish(ctx context.Context, l *load) {
	defer GinkgoRecover()
	l.awaitCalls(batchPatience)
	k.judging.Lock()
	defer k.judging.Unlock()
	k.faults.whileServed(func() {
		v := l.judge(ctx, "", 0)
		for _, problem := range v.problems {
			say("%s", problem)
		}
		k.mu.Lock()
		k.judged += len(l.starts)
		k.verdict.add(v)
		k.mu.Unlock()
		// On a busy machine the API server does not get through all of them in the time that it gives a request.
		Eventually(ctx, argotest.Workflows(dyn, k.scene.namespace).DeleteCollection).WithArguments(metav1.DeleteOptions{},
			metav1.ListOptions{LabelSelector: labelBatch + "=" + l.batch}).Should(Succeed())
	})
	*l = load{} // its memory does not count as the library's
	k.mu.Lock()
	defer k.mu.Unlock()
	k.samples = append(k.samples, sample{started: k.judged, heap: heap(), goroutines: runtime.NumGoroutine()})
	if n := len(k.samples); n%6 == 0 {
		last := k.samples[n-1]
		say("%d starts, %d lost, %d duplicated, %d wrong; heap %.1f MB, %d goroutines; %s",
			last.started, k.verdict.Lost, k.verdict.Duplicated, k.verdict.Wrong, megabytes(last.heap), last.goroutines, k.faults)
	}
}

// help periodically touches workflows that the controller has missed, which happens when they are
// created during an outage of the API server or of the controller. It leaves those that wait at a
// gate alone.
func (k *soak) help(ctx, helping context.Context) {
	defer GinkgoRecover()
	const every, after = 5 * time.Second, 20 * time.Second
	// On a slow machine there are thousands of other workflows, and reading those would make it
	// slower still.
	const overlooked = labelBatch + ",!" + labelInstance + ",!" + labelPhase
	for sleep(helping, every) {
		k.faults.whileServed(func() {
			var missed []*status.WorkflowStatus
			for _, s := range k.scene.held(ctx, overlooked).byUID {
				if time.Since(s.CreationTime) > after {
					missed = append(missed, s)
				}
			}
			k.scene.touch(ctx, missed)
		})
	}
}

// rate returns the number of starts per second.
func (k *soak) rate() float64 { return float64(k.started) / k.took.Seconds() }

// lows returns the sample with the smallest heap in the last third of the soak, and of the earlier
// samples the one that allows it the least. In between, the heap varies with the requests in
// flight, on a slow machine for longer than a third.
func (k *soak) lows() (before, last sample) {
	latest := len(k.samples) * 2 / 3
	before = least(k.samples[:latest], func(s sample) uint64 { return s.allows(k.judged) })
	return before, least(k.samples[latest:], heapOf)
}

// allows returns how large the heap may be after the given number of starts, based on the sample.
func (s sample) allows(started int) uint64 {
	return s.heap + slack + uint64(growth*(started-s.started))
}

// growth returns how many bytes the heap grew per start between the two samples.
func (k *soak) growth() float64 {
	before, last := k.lows()
	return (float64(last.heap) - float64(before.heap)) / float64(max(1, last.started-before.started))
}

func heapOf(s sample) uint64 { return s.heap }

func least(samples []sample, of func(sample) uint64) sample {
	if len(samples) == 0 {
		return sample{}
	}
	return slices.MinFunc(samples, func(a, b sample) int { return cmp.Compare(of(a), of(b)) })
}
