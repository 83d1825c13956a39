package faults_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	// pause is how long etcd is halted.
	pause = 10 * time.Second
	// breath is the pause between repeated faults.
	breath = 200 * time.Millisecond
)

// The real processes have faults.
var _ = Describe("waits and starts go on", Serial, func() {
	var s *scene
	BeforeEach(func(ctx SpecContext) { s = newScene(ctx) }, NodeTimeout(soon))

	It("while the API server is killed and restarted", func(ctx SpecContext) {
		// The first client is not in system:masters, so a restarted server has to look up its
		// permissions.
		account, admin := s.caller(s.account(ctx, "caller"), nil), s.caller(cluster.Config(), nil)
		trial{
			fault:   "API server killed and restarted",
			waits:   form(100, 500),
			starts:  form(40, 200),
			rounds:  form(3, 20),
			callers: []*caller{account, admin},
			inject: func(ctx context.Context, r round) {
				r.begin()
				Expect(cluster.Kill(ctx, envtest.PartAPIServer)).To(Succeed())
				restartAPIServer(ctx, r)
			},
		}.run(ctx, s)
	}, SpecTimeout(10*time.Minute))

	It("while etcd is paused", func(ctx SpecContext) {
		DeferCleanup(func() { Expect(cluster.Continue(envtest.PartEtcd)).To(Succeed()) })
		trial{
			fault:   "etcd paused for 10 s",
			rounds:  form(1, 2),
			callers: []*caller{s.caller(cluster.Config(), nil)},
			inject: func(ctx context.Context, r round) {
				r.start()
				Expect(cluster.Pause(envtest.PartEtcd)).To(Succeed())
				r.end()
				hold(ctx, pause)
				Expect(cluster.Continue(envtest.PartEtcd)).To(Succeed())
			},
		}.run(ctx, s)
	}, SpecTimeout(5*time.Minute))

	It("while the workflow-controller is killed and restarted", func(ctx SpecContext) {
		trial{
			fault:   "workflow-controller killed and restarted",
			rounds:  form(1, 4),
			callers: []*caller{s.caller(cluster.Config(), nil)},
			inject: func(ctx context.Context, r round) {
				Expect(cluster.Kill(ctx, envtest.PartWorkflowController)).To(Succeed())
				r.begin()
				hold(ctx, time.Second) // so that all requests are sent during the outage
				Expect(cluster.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
			},
		}.run(ctx, s)
	}, SpecTimeout(5*time.Minute))
})

// restartAPIServer lets the API server return and, after the last round, restarts the
// workflow-controller. Without that, the controller retries only after a pause that has grown to a
// minute.
func restartAPIServer(ctx context.Context, r round) {
	GinkgoHelper()
	Expect(cluster.Restart(ctx, envtest.PartAPIServer)).To(Succeed())
	if r.last {
		Expect(cluster.Restart(ctx, envtest.PartWorkflowController)).To(Succeed())
	}
}

// cutting returns a fault that cuts all connections in the middle of a round's operations.
func cutting(line *faults.Line) func(ctx context.Context, r round) {
	return func(ctx context.Context, r round) {
		r.begin()
		Expect(line.Cut()).To(Succeed())
		hold(ctx, breath)
	}
}

// hold keeps a fault up for a duration that is part of the test.
func hold(ctx context.Context, d time.Duration) {
	GinkgoHelper()
	if !sleep(ctx, d) {
		Fail("the spec's time is over")
	}
}
