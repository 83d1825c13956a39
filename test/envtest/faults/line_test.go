package faults_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

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
		line = s.line(apiServer())
		c = s.caller(cluster.Config(), line)
	}, NodeTimeout(soon))

	// spoilt spoils the line for a while, right after the operations have begun.
	spoilt := func(ctx context.Context, r round, d time.Duration, toxic string, attributes map[string]int, directions ...faults.Direction) {
		GinkgoHelper()
		r.start()
		for _, direction := range directions {
			Expect(line.Spoil(toxic, direction, attributes)).To(Succeed())
		}
		r.end()
		hold(ctx, d)
		Expect(line.Clear(ctx)).To(Succeed())
	}

	DescribeTable("while connections are cut",
		func(ctx SpecContext, fault string, direction faults.Direction, bytes int) {
			trial{
				fault:   fault,
				waits:   form(40, 200),
				starts:  form(20, 80),
				rounds:  form(2, 8),
				callers: []*caller{c},
				inject: func(ctx context.Context, r round) {
					spoilt(ctx, r, 2*time.Second, "limit_data", map[string]int{"bytes": bytes}, direction)
				},
				injected: c.conns.Made, // each ended that way, except the last
			}.run(ctx, s)
		},
		// Some requests succeed first, and the next one is cut at any point.
		Entry("in the middle of requests", "connections cut in the middle of requests", faults.Upstream, 6_000, SpecTimeout(4*time.Minute)),
		Entry("in the middle of answers", "connections cut in the middle of answers", faults.Downstream, 12_000, SpecTimeout(4*time.Minute)),
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
			waits:   form(40, 200),
			starts:  form(20, 80),
			rounds:  form(1, 2),
			callers: []*caller{c},
			inject: func(ctx context.Context, r round) {
				r.start()
				Expect(line.Strand()).To(Succeed())
				r.end()
				hold(ctx, form(time.Second, 50*time.Second)) // in the long form until clients have noticed
			},
			within: time.Minute,
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))

	It("while nothing gets through at all", func(ctx SpecContext) {
		silence := form(5*time.Second, 20*time.Second)
		trial{
			fault:   fmt.Sprintf("nothing gets through for %.0f s, and then connections are closed", silence.Seconds()),
			waits:   form(40, 200),
			starts:  form(20, 80),
			rounds:  1,
			callers: []*caller{c},
			inject: func(ctx context.Context, r round) {
				spoilt(ctx, r, silence, "timeout", map[string]int{"timeout": 0}, faults.Upstream, faults.Downstream)
			},
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))

	It("while each answer takes 2 s", func(ctx SpecContext) {
		trial{
			fault:   "latency of 2 s",
			waits:   form(20, 100),
			starts:  form(10, 50),
			rounds:  1,
			callers: []*caller{c},
			inject: func(_ context.Context, r round) {
				Expect(line.Spoil("latency", faults.Downstream, map[string]int{"latency": 2000})).To(Succeed())
				r.start()
				r.end()
			},
			restore: func(ctx context.Context) { Expect(line.Clear(ctx)).To(Succeed()) },
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))

	It("while the line carries 10 KB/s", func(ctx SpecContext) {
		if !long() {
			Skip("the short form takes a line so slow for a dead one: it looks after 5 s, in which 50 KB come through")
		}
		trial{
			fault:   "bandwidth of 10 KB/s",
			waits:   form(8, 30),
			starts:  form(4, 10),
			rounds:  1,
			callers: []*caller{c},
			inject: func(_ context.Context, r round) {
				Expect(line.Spoil("bandwidth", faults.Downstream, map[string]int{"rate": 10})).To(Succeed())
				Expect(line.Spoil("bandwidth", faults.Upstream, map[string]int{"rate": 10})).To(Succeed())
				r.start()
				r.end()
			},
			restore: func(ctx context.Context) { Expect(line.Clear(ctx)).To(Succeed()) },
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))

	// The connection works, and the server answers all other requests.
	It("while watches bring nothing", func(ctx SpecContext) {
		proxy := s.answers(faults.AnswersOptions{})
		trial{
			fault:   "watches that go silent",
			waits:   form(20, 100),
			starts:  form(10, 50),
			rounds:  1,
			callers: []*caller{s.caller(proxy.Config(), nil)},
			inject: func(_ context.Context, r round) {
				proxy.HoldWatches()
				r.start()
				r.end()
			},
			restore: func(context.Context) { proxy.Release() },
		}.run(ctx, s)
	}, SpecTimeout(4*time.Minute))
})
