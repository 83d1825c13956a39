package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

const (
	// labelTeam is a label that changes. labelScene is a label that all workflows keep.
	labelTeam  = "faults.argoservice/team"
	labelScene = "faults.argoservice/scene"
)

// The shared watch is narrowed to the labels that the workflows have in common. Up to eight waits
// have a watch each, so labels also change before there is a shared watch.
var _ = Describe("waits and starts go on", func() {
	DescribeTable("while labels change",
		func(ctx SpecContext, waits int) {
			s := newScene(ctx)
			var narrowed atomic.Int64
			proxy := s.answers(faults.AnswersOptions{Request: func(r *http.Request) {
				if faults.IsWatch(r) && strings.Contains(r.URL.Query().Get("labelSelector"), labelScene) {
					narrowed.Add(1)
				}
			}})
			relabelled := 0
			trial{
				fault:   fmt.Sprintf("labels changed under %d waits", waits),
				waits:   waits,
				starts:  12,
				rounds:  2,
				callers: []*caller{s.caller(proxy.Config(), nil)},
				labels:  map[string]string{labelTeam: "a", labelScene: s.namespace},
				whole:   true, // other watches are not narrowed to labels
				inject: func(ctx context.Context, r round) {
					relabelled += s.relabel(ctx, r.last)
					r.start()
					if !r.last {
						s.awaitNarrowed(ctx, &narrowed)
					}
					r.end()
				},
				injected: func() int { return relabelled },
			}.run(ctx, s)
		},
		Entry("under 8 waits", 8, SpecTimeout(4*time.Minute)),
		Entry("under 9 waits", 9, SpecTimeout(4*time.Minute)),
		Entry("under 20 waits", 20, SpecTimeout(4*time.Minute)),
	)
})

// relabel changes or removes a label of every second workflow of the scene, and returns their
// number.
func (s *scene) relabel(ctx context.Context, remove bool) int {
	GinkgoHelper()
	team := `"b"`
	if remove {
		team = "null"
	}
	list, err := argotest.Workflows(dyn, s.namespace).List(ctx, metav1.ListOptions{})
	Expect(err).NotTo(HaveOccurred())
	changed := 0
	for i := 0; i < len(list.Items); i += 2 {
		err := s.patch(ctx, list.Items[i].GetName(), `{"metadata":{"labels":{%q:%s}}}`, labelTeam, team)
		Expect(err).To(Or(Succeed(), MatchError(apierrors.IsNotFound, "IsNotFound"))) // a workflow that ends by being deleted
		changed++
	}
	return changed
}

// awaitNarrowed blocks until the shared watch is narrowed to labels. An event triggers that, some
// seconds after the watch was opened.
func (s *scene) awaitNarrowed(ctx context.Context, narrowed *atomic.Int64) {
	GinkgoHelper()
	Eventually(ctx, func() int64 {
		s.touchAll(ctx)
		return narrowed.Load()
	}).WithPolling(time.Second).Should(BeNumerically(">", 0), "watches that are narrowed")
}
