package faults_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/transport"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// An outage interrupts refusals. Each lasts less than RetryFor, all together last longer.
var _ = Describe("waits go on", func() {
	It("while the API server refuses before, between and after outages", func(ctx SpecContext) {
		s := newScene(ctx)
		var refusing atomic.Bool
		proxy := s.answers(faults.AnswersOptions{Request: func(r *http.Request) {
			if refusing.Load() { // as a user without role bindings
				r.Header.Set(transport.ImpersonateUserHeader, "faults-without-a-role")
			}
		}})
		line := s.line(proxy.Config())
		opts := options(s.namespace)
		opts.RetryFor = form(5*time.Second, 30*time.Second)
		c := s.callerWith(proxy.Config(), line, opts)
		refuse := func(ctx context.Context) {
			before := c.answered(http.StatusForbidden)
			refusing.Store(true)
			Expect(line.Cut()).To(Succeed())
			Eventually(ctx, func() int { return c.answered(http.StatusForbidden) }).Should(BeNumerically(">", before))
			hold(ctx, opts.RetryFor/2)
		}
		outage := func(ctx context.Context) {
			line.Down()
			refusing.Store(false)
			hold(ctx, form(8*time.Second, 40*time.Second)) // longer than any pause between attempts
			refusing.Store(true)
			Expect(line.Up()).To(Succeed())
		}
		trial{
			fault:   "403 before, between and after outages, longer than RetryFor in all",
			waits:   form(30, 200),
			rounds:  form(1, 3),
			callers: []*caller{c},
			inject: func(ctx context.Context, r round) {
				refuse(ctx)
				r.end()
				outage(ctx)
				refuse(ctx)
				outage(ctx)
				refuse(ctx)
				refusing.Store(false)
				r.ended(ctx) // otherwise the refusals of two rounds would be uninterrupted for a wait
			},
		}.run(ctx, s)
	}, SpecTimeout(8*time.Minute))
})
