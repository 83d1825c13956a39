package faults_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// soakFault is one kind of fault of the soak.
type soakFault struct {
	name   string
	server bool // the API server is unavailable during the fault
	inject func(ctx context.Context)
	times  atomic.Int64
}

// soakFaults are injected one after the other, in random order.
type soakFaults struct {
	kinds []*soakFault
	// served is held for reading by work that needs an API server, and for writing by a fault that
	// makes it unavailable.
	served sync.RWMutex
}

// newSoakFaults returns the faults of two lines: one to the API server, one to a proxy in front of
// it.
func newSoakFaults(line, proxyLine *faults.Line, proxy *faults.Answers) *soakFaults {
	both := func(change func(*faults.Line) error) {
		Expect(change(line)).To(Succeed())
		Expect(change(proxyLine)).To(Succeed())
	}
	spoilt := func(d time.Duration, toxic string, attributes map[string]int) func(ctx context.Context) {
		return func(ctx context.Context) {
			both(func(l *faults.Line) error { return l.Spoil(toxic, faults.Downstream, attributes) })
			hold(ctx, d)
			line.Clear(ctx)
			proxyLine.Clear(ctx)
		}
	}
	return &soakFaults{kinds: []*soakFault{
		{name: "API server killed and restarted", server: true, inject: func(ctx context.Context) {
			Expect(cluster.Kill(ctx, envtest.PartAPIServer)).To(Succeed())
			restartAPIServer(ctx, round{last: true})
		}},
		{name: "etcd paused for 3 s", server: true, inject: func(ctx context.Context) {
			Expect(cluster.Pause(envtest.PartEtcd)).To(Succeed())
			hold(ctx, 3*time.Second)
			Expect(cluster.Continue(envtest.PartEtcd)).To(Succeed())
		}},
		{name: "etcd compacted", inject: func(ctx context.Context) { Expect(cluster.Compact(ctx)).To(Succeed()) }},
		{name: "workflow-controller killed and restarted", inject: func(ctx context.Context) {
			Expect(cluster.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
		}},
		{name: "connections cut", inject: func(context.Context) { both((*faults.Line).Cut) }},
		{name: "connections half-open", inject: func(context.Context) { Expect(line.Strand()).To(Succeed()) }},
		{name: "lines down for 5 s", inject: func(ctx context.Context) {
			line.Down()
			proxyLine.Down()
			hold(ctx, 5*time.Second)
			both((*faults.Line).Up)
		}},
		{name: "latency of 1 s for 5 s", inject: spoilt(5*time.Second, "latency", map[string]int{"latency": 1000, "jitter": 200})},
		{name: "connections cut in the middle of answers for 3 s", inject: spoilt(3*time.Second, "limit_data", map[string]int{"bytes": 20_000})},
		{name: "watches silent for 10 s", inject: func(ctx context.Context) {
			proxy.HoldWatches()
			hold(ctx, 10*time.Second)
			proxy.Release()
		}},
	}}
}

// inject injects faults, with pauses of up to 10 s, until over ends. It returns their number after
// the last one has ended.
func (f *soakFaults) inject(ctx, over context.Context) int {
	GinkgoHelper()
	DeferCleanup(func() { Expect(cluster.Continue(envtest.PartEtcd)).To(Succeed()) })
	chance, kinds := seeded(0), slices.Clone(f.kinds)
	injected := 0
	for ; sleep(over, time.Duration(chance.Int64N(int64(10*time.Second)))); injected++ {
		// Each kind occurs once before any is repeated, so that the heavy ones are not left to
		// chance.
		if injected%len(kinds) == 0 {
			chance.Shuffle(len(kinds), func(i, j int) { kinds[i], kinds[j] = kinds[j], kinds[i] })
		}
		kind := kinds[injected%len(kinds)]
		if kind.server {
			f.served.Lock()
		}
		kind.inject(ctx)
		if kind.server {
			f.served.Unlock()
		}
		kind.times.Add(1)
	}
	return injected
}

// whileServed runs work that needs the API server while no fault makes it unavailable.
func (f *soakFaults) whileServed(work func()) {
	f.served.RLock()
	defer f.served.RUnlock()
	work()
}

// String returns the faults with the number of injections of each.
func (f *soakFaults) String() string {
	var all []string
	for _, kind := range f.kinds {
		all = append(all, fmt.Sprintf("%s (%d)", kind.name, kind.times.Load()))
	}
	return strings.Join(all, ", ")
}
