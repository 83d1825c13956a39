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
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/faults"
)

const (
	// soakFor in the environment is how long the soak lasts.
	soakFor     = "SOAK_FOR"
	soakDefault = 10 * time.Minute
	// shortSoak is long enough for the rate to be that of the machine.
	shortSoak = time.Minute

	// soakRate is how many starts there are a second, whether or not those before have returned.
	soakRate = 50
	// soakGates waits last from the beginning to the end.
	soakGates = 100
	// batchTime is how long starts are added to a batch, which is then judged and deleted.
	batchTime = 10 * time.Second
	// batchPatience is what the calls of a batch get once it is complete.
	batchPatience = 4 * time.Minute
	// loseEvery so-manieth answer to one of the clients is lost, all the time.
	loseEvery = 20
	// growth is what the heap may grow by for each start, beside slack for what the runtime and
	// client-go come and go with: what is kept by mistake is more.
	growth = 256
	slack  = 1 << 20
)

// soak is a load that doesn't end: batches of starts that are waited for, one after the other.
type soak struct {
	scene *scene
	// callers start in turn. The last of ten has what it starts run by the real controller: on a
	// machine of two cores that gets to 35 a second. The test ends what the others start.
	callers []*caller
	faults  *soakFaults

	work    sync.WaitGroup
	judging sync.Mutex // one batch at a time

	mu      sync.Mutex
	started int
	took    time.Duration // the starts
	judged  int           // of those
	verdict verdict
	samples []sample
}

// sample is what the process used after a batch.
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
		createTemplate(ctx, s.namespace, quickTemplate)
		proxy := s.answers(faults.AnswersOptions{LoseEvery: loseEvery})
		line, proxyLine := s.line(apiServer()), s.line(addressIn(proxy.Config()))
		unmanaged := options(s.namespace)
		unmanaged.InstanceID = nobody
		k := &soak{scene: s, faults: newSoakFaults(line, proxyLine, proxy)}
		for _, c := range []*caller{
			s.callerWith(cluster.Config(), line, unmanaged),
			s.callerWith(proxy.Config(), proxyLine, unmanaged),
			s.callerWith(s.account(ctx, "soak"), nil, unmanaged),
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
		if lasts >= shortSoak { // in less, a moment in which the machine is busy shows
			Expect(k.rate()).To(BeNumerically(">", 0.98*soakRate), "starts a second")
		}
		before, last := k.lows()
		Expect(last.heap).To(BeNumerically("<", before.allows(last.started)), "the heap doesn't grow with the starts")
	}, SpecTimeout(time.Hour))
})

// succeed ends a workflow that no controller has, as one would.
func (s *scene) succeed(ctx context.Context, name string) {
	patch := []byte(`{"metadata":{"labels":{"workflows.argoproj.io/completed":"true","workflows.argoproj.io/phase":"Succeeded"}},` +
		`"status":{"phase":"Succeeded","progress":"1/1"}}`)
	again := time.NewTicker(breath)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		if _, err := workflows(dyn, s.namespace).Patch(ctx, name, types.MergePatchType, patch, metav1.PatchOptions{}); err == nil {
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
		full := time.After(batchTime)
	filling:
		for {
			select {
			case <-over.Done():
				break filling
			case <-full:
				break filling
			case <-tick.C:
				l.start(calls, 1, k.callers)
			}
		}
		k.mu.Lock()
		k.started += len(l.starts)
		k.took = time.Since(began)
		k.mu.Unlock()
		k.work.Go(func() { k.finish(ctx, l) })
	}
}

// finish judges a batch when its calls have ended, deletes its workflows and takes a sample.
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
		Expect(workflows(dyn, k.scene.namespace).DeleteCollection(ctx, metav1.DeleteOptions{},
			metav1.ListOptions{LabelSelector: labelBatch + "=" + l.batch})).To(Succeed())
	})
	*l = load{} // what it holds is not a part of what the library uses
	k.mu.Lock()
	defer k.mu.Unlock()
	k.samples = append(k.samples, sample{started: k.judged, heap: heap(), goroutines: runtime.NumGoroutine()})
	if n := len(k.samples); n%6 == 0 {
		last := k.samples[n-1]
		say("%d starts, %d lost, %d duplicated, %d wrong; heap %.1f MB, %d goroutines; %s",
			last.started, k.verdict.Lost, k.verdict.Duplicated, k.verdict.Wrong, megabytes(last.heap), last.goroutines, k.faults)
	}
}

// help touches, now and then, workflows that the controller has overlooked: it can, when they
// come while the API server or itself is away. Those that are waited for with a gate it leaves.
func (k *soak) help(ctx, helping context.Context) {
	defer GinkgoRecover()
	const every, after = 5 * time.Second, 20 * time.Second
	// On a slow machine there are thousands of others, and reading those would make it slower still.
	const overlooked = labelBatch + ",!" + labelInstance + ",!" + labelPhase
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-helping.Done():
			return
		case <-tick.C:
		}
		k.faults.whileServed(func() {
			versions := map[string]string{}
			for _, s := range k.scene.held(ctx, overlooked).byUID {
				if time.Since(s.CreationTime) > after {
					versions[s.Name] = s.ResourceVersion
				}
			}
			k.scene.touch(ctx, versions)
		})
	}
}

// rate is how many starts there were a second.
func (k *soak) rate() float64 { return float64(k.started) / k.took.Seconds() }

// lows are the sample of the last third of the soak with the least heap, and of those before it the
// one that allows it the least. In between, what is in flight comes and goes: on a slow machine for
// longer than a third.
func (k *soak) lows() (before, last sample) {
	latest := len(k.samples) * 2 / 3
	before = least(k.samples[:latest], func(s sample) uint64 { return s.allows(k.judged) })
	return before, least(k.samples[latest:], heapOf)
}

// allows is how much heap there may be after so many starts, as seen from the sample.
func (s sample) allows(started int) uint64 {
	return s.heap + slack + uint64(growth*(started-s.started))
}

// growth is how many bytes the heap grew by for each start from the one to the other.
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
