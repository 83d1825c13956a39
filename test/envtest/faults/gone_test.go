package faults_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// Clients use versions that the server no longer has.
var _ = Describe("waits and starts go on", func() {
	var s *scene
	BeforeEach(func(ctx SpecContext) { s = newScene(ctx) }, NodeTimeout(soon))

	It("while etcd forgets what a client has not seen yet", Serial, func(ctx SpecContext) {
		line := s.line(cluster.Config())
		trial{
			fault:   "etcd compacted while the line was down",
			rounds:  form(1, 3),
			callers: []*caller{s.caller(cluster.Config(), line)},
			inject: func(ctx context.Context, r round) {
				line.Down()
				r.begin()
				s.touchAll(ctx)
				// An API server that has been running for a while still has in memory what etcd has
				// compacted.
				Expect(cluster.Kill(ctx, envtest.PartAPIServer)).To(Succeed())
				Expect(cluster.Compact(ctx)).To(Succeed())
				restartAPIServer(ctx, r)
				Expect(line.Up()).To(Succeed())
			},
		}.run(ctx, s)
	}, SpecTimeout(5*time.Minute))

	It("while watches are answered with 410 Gone", func(ctx SpecContext) {
		Expect(cluster.Compact(ctx)).To(Succeed())
		var watches, old atomic.Int64
		proxy := s.answers(faults.AnswersOptions{Request: func(r *http.Request) {
			query := r.URL.Query()
			version := query.Get("resourceVersion")
			fromVersion := version != "" && version != "0" && query.Get("sendInitialEvents") != "true"
			if !faults.IsWatch(r) || !fromVersion || watches.Add(1)%2 == 0 {
				return
			}
			old.Add(1)
			query.Set("resourceVersion", "1")
			r.URL.RawQuery = query.Encode()
		}})
		line := s.line(proxy.Config())
		trial{
			fault:    "410 Gone for every second watch",
			rounds:   form(4, 10),
			callers:  []*caller{s.caller(proxy.Config(), line)},
			inject:   cutting(line),
			injected: func() int { return int(old.Load()) },
		}.run(ctx, s)
		Expect(old.Load()).To(BeNumerically(">", 0), "watches began at a version")
	}, SpecTimeout(5*time.Minute))
})

// touchAll changes each workflow, so that the clients' versions become outdated.
func (s *scene) touchAll(ctx context.Context) {
	GinkgoHelper()
	s.touch(ctx, slices.Collect(maps.Values(s.held(ctx, "").byUID)))
}

// touch changes an annotation of each workflow that has not changed since it was read.
func (s *scene) touch(ctx context.Context, workflows []*status.WorkflowStatus) {
	GinkgoHelper()
	each(len(workflows), func(i int) {
		defer GinkgoRecover()
		err := s.patch(ctx, workflows[i].Name,
			`{"metadata":{"resourceVersion":%q,"annotations":{"faults.argoservice/touched":%q}}}`,
			workflows[i].ResourceVersion, time.Now().String())
		Expect(err).To(Or(
			Succeed(), MatchError(apierrors.IsNotFound, "IsNotFound"), MatchError(apierrors.IsConflict, "IsConflict")))
	})
}
