package faults_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// toxic is a toxic of a line.
type toxic struct {
	name       string
	attributes map[string]int
	directions []faults.Direction
	// lasts is how long it stays on the line, from right after a round's operations have begun. 0
	// means from before they begin until all calls have ended.
	lasts time.Duration
}

// The line between a client and the API server has faults. The test itself and the controller use
// other connections.
var _ = Describe("waits and starts go on", func() {
	var (
		s    *scene
		line *faults.Line
		c    *caller
	)
	BeforeEach(func(ctx SpecContext) {
		s = newScene(ctx)
		line = s.line(cluster.Config())
		c = s.caller(cluster.Config(), line)
	}, NodeTimeout(soon))

	silence := form(5*time.Second, 20*time.Second)
	upstream, downstream := []faults.Direction{faults.Upstream}, []faults.Direction{faults.Downstream}
	both := []faults.Direction{faults.Upstream, faults.Downstream}
	DescribeTable("while",
		func(ctx SpecContext, t trial, x toxic) {
			if x.name == "bandwidth" && !long() {
				Skip("the short form takes a line so slow for a dead one: it looks after 5 s, in which 50 KB come through")
			}
			spoil := func() {
				for _, direction := range x.directions {
					Expect(line.Spoil(x.name, direction, x.attributes)).To(Succeed())
				}
			}
			if x.lasts > 0 {
				t.inject = func(ctx context.Context, r round) {
					r.start()
					spoil()
					r.end()
					hold(ctx, x.lasts)
					line.Clear(ctx)
				}
			} else {
				t.inject = func(_ context.Context, r round) {
					spoil()
					r.begin()
				}
				t.restore = line.Clear
			}
			if x.name == "limit_data" {
				t.injected = c.conns.Made // each ended that way, except the last
			}
			t.callers = []*caller{c}
			t.run(ctx, s)
		},
		// Some requests succeed first, and the next one is cut at any point.
		Entry("connections are cut in the middle of requests", SpecTimeout(4*time.Minute),
			trial{fault: "connections cut in the middle of requests", rounds: form(2, 8)},
			toxic{"limit_data", map[string]int{"bytes": 6_000}, upstream, 2 * time.Second}),
		Entry("connections are cut in the middle of answers", SpecTimeout(4*time.Minute),
			trial{fault: "connections cut in the middle of answers", rounds: form(2, 8)},
			toxic{"limit_data", map[string]int{"bytes": 12_000}, downstream, 2 * time.Second}),
		Entry("nothing gets through at all", SpecTimeout(4*time.Minute),
			trial{fault: fmt.Sprintf("nothing gets through for %.0f s, and then connections are closed", silence.Seconds())},
			toxic{"timeout", map[string]int{"timeout": 0}, both, silence}),
		Entry("each answer takes 2 s", SpecTimeout(4*time.Minute),
			trial{fault: "latency of 2 s", waits: form(20, 100), starts: form(10, 50)},
			toxic{"latency", map[string]int{"latency": 2000}, downstream, 0}),
		// What is on its way for a watch that was given up has to come through first: with Argo 4.0 a minute's.
		Entry("the line carries 10 KB/s", SpecTimeout(8*time.Minute),
			trial{fault: "bandwidth of 10 KB/s", waits: form(8, 30), starts: form(4, 10), within: 4 * time.Minute},
			toxic{"bandwidth", map[string]int{"rate": 10}, both, 0}),
	)

	It("while connections are cut in the middle of watches", func(ctx SpecContext) {
		trial{
			fault:   "connections cut in the middle of watches",
			waits:   form(60, 300),
			starts:  form(20, 80),
			rounds:  form(15, 60),
			callers: []*caller{c},
			inject:  cutting(line),
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))

	It("while connections are half-open", func(ctx SpecContext) {
		trial{
			fault:   "connections half-open: packets dropped, no reset",
			rounds:  form(1, 2),
			callers: []*caller{c},
			inject: func(ctx context.Context, r round) {
				r.start()
				Expect(line.Strand()).To(Succeed())
				r.end()
				hold(ctx, form(time.Second, 50*time.Second)) // in the long form until clients have noticed
			},
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))

	// The connection works, and the server answers all other requests.
	It("while watches bring nothing", func(ctx SpecContext) {
		proxy := s.answers(faults.AnswersOptions{})
		trial{
			fault:   "watches that go silent",
			waits:   form(20, 100),
			starts:  form(10, 50),
			callers: []*caller{s.caller(proxy.Config(), nil)},
			inject: func(_ context.Context, r round) {
				proxy.HoldWatches()
				r.begin()
			},
			restore: func(context.Context) { proxy.Release() },
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))
})
