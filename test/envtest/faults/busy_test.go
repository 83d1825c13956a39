package faults_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// busyAccount is the service account that the server has no capacity for.
const busyAccount = "busy"

// The server has no capacity for the client.
var _ = Describe("waits and starts go on", func() {
	It("while the API server answers 429 with Retry-After", func(ctx SpecContext) {
		s := newScene(ctx)
		line := s.line(cluster.Config())
		account := s.account(ctx, busyAccount)
		c := s.caller(account, line)
		setShares := s.priorityLevel(ctx)
		trial{
			fault:   "429 with Retry-After by priority and fairness",
			rounds:  form(1, 2),
			callers: []*caller{c},
			inject: func(ctx context.Context, r round) {
				setShares(ctx, 0)
				refused, disperse := s.crowd(account)
				defer disperse()
				Eventually(ctx, refused.Load).Should(BeNumerically(">", 0))
				Expect(line.Cut()).To(Succeed()) // open requests are not refused
				r.begin()
				hold(ctx, form(6*time.Second, 25*time.Second))
				setShares(ctx, 100)
			},
			injected: func() int { return c.answered(http.StatusTooManyRequests) },
		}.run(ctx, s)
		Expect(c.answered(http.StatusTooManyRequests)).To(BeNumerically(">", 0))
	}, SpecTimeout(5*time.Minute))
})

// crowd sends other requests of the same account, as many as the server answers, until disperse is
// called, and counts those that are refused. Even without a share, the server admits one request at
// a time.
func (s *scene) crowd(cfg *rest.Config) (refused *atomic.Int64, disperse func()) {
	GinkgoHelper()
	const people = 8
	cfg = rest.CopyConfig(cfg)
	cfg.Dial = (&faults.Conns{}).Dial
	client, err := rest.HTTPClientFor(cfg)
	Expect(err).NotTo(HaveOccurred())
	url := strings.TrimSuffix(cfg.Host, "/") + "/apis/argoproj.io/v1alpha1/namespaces/" + s.namespace + "/workflows?limit=1"
	ctx, stop := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	Expect(err).NotTo(HaveOccurred())
	refused = new(atomic.Int64)
	var all sync.WaitGroup
	for range people {
		all.Go(func() {
			for ctx.Err() == nil {
				resp, err := client.Do(req.Clone(ctx))
				if err != nil {
					continue // the crowd disperses
				}
				if resp.StatusCode == http.StatusTooManyRequests {
					refused.Add(1)
				}
				_ = resp.Body.Close() // the body is not needed
			}
		})
	}
	return refused, func() {
		stop()
		all.Wait()
		utilnet.CloseIdleConnectionsFor(client.Transport)
	}
}

// priorityLevel gives the scene's service account its own priority level, which rejects requests
// that have no seat. The returned function sets the level's share of the API server.
func (s *scene) priorityLevel(ctx context.Context) func(ctx context.Context, shares int32) {
	GinkgoHelper()
	group := flowcontrolv1.SchemeGroupVersion
	levels := dyn.Resource(group.WithResource("prioritylevelconfigurations"))
	schemas := dyn.Resource(group.WithResource("flowschemas"))
	argotest.Create(ctx, levels, fmt.Sprintf(`
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: PriorityLevelConfiguration
metadata: {name: %s}
spec:
  type: Limited
  limited: {nominalConcurrencyShares: 100, borrowingLimitPercent: 0, limitResponse: {type: Reject}}
`, s.namespace))
	argotest.Create(ctx, schemas, fmt.Sprintf(`
apiVersion: flowcontrol.apiserver.k8s.io/v1
kind: FlowSchema
metadata: {name: %[1]s}
spec:
  priorityLevelConfiguration: {name: %[1]s}
  matchingPrecedence: 100
  rules:
  - subjects: [{kind: ServiceAccount, serviceAccount: {namespace: %[1]s, name: %[2]s}}]
    resourceRules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"], namespaces: ["*"]}]
`, s.namespace, busyAccount))
	DeferCleanup(func(ctx SpecContext) {
		Expect(schemas.Delete(ctx, s.namespace, metav1.DeleteOptions{})).To(Succeed())
		Expect(levels.Delete(ctx, s.namespace, metav1.DeleteOptions{})).To(Succeed())
	}, NodeTimeout(soon))
	return func(ctx context.Context, shares int32) {
		GinkgoHelper()
		patch := fmt.Appendf(nil, `{"spec":{"limited":{"nominalConcurrencyShares":%d}}}`, shares)
		_, err := levels.Patch(ctx, s.namespace, types.MergePatchType, patch, metav1.PatchOptions{})
		Expect(err).NotTo(HaveOccurred())
	}
}
