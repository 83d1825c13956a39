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

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// busyAccount is the service account that the server has no capacity for.
const busyAccount = "busy"

// The server has no capacity for the client.
var _ = Describe("waits and starts go on", func() {
	It("while the API server answers 429 with Retry-After", func(ctx SpecContext) {
		s := newScene(ctx)
		line := s.line(apiServer())
		account := s.account(ctx, busyAccount)
		c := s.caller(account, line)
		setShares := s.priorityLevel(ctx)
		trial{
			fault:   "429 with Retry-After by priority and fairness",
			waits:   form(40, 200),
			starts:  form(20, 80),
			rounds:  form(1, 2),
			callers: []*caller{c},
			inject: func(ctx context.Context, r round) {
				setShares(ctx, 0)
				crowd := s.crowd(account)
				defer crowd.leave()
				Eventually(ctx, crowd.refused.Load).Should(BeNumerically(">", 0))
				Expect(line.Cut()).To(Succeed()) // open requests are not refused
				r.start()
				r.end()
				hold(ctx, form(6*time.Second, 25*time.Second))
				setShares(ctx, 100)
			},
			injected: func() int { return c.answered(http.StatusTooManyRequests) },
		}.run(ctx, s)
		Expect(c.answered(http.StatusTooManyRequests)).To(BeNumerically(">", 0))
	}, SpecTimeout(5*time.Minute))
})

// crowd is the other requests of the same account, as many as the server answers. Even without a
// share, the server admits one request at a time.
type crowd struct {
	refused atomic.Int64
	stop    context.CancelFunc
	all     sync.WaitGroup
	client  *http.Client
}

func (s *scene) crowd(cfg *rest.Config) *crowd {
	GinkgoHelper()
	const people = 8
	cfg = rest.CopyConfig(cfg)
	cfg.Dial = (&faults.Conns{}).Dial
	client, err := rest.HTTPClientFor(cfg)
	Expect(err).NotTo(HaveOccurred())
	url := strings.TrimSuffix(cfg.Host, "/") + "/apis/argoproj.io/v1alpha1/namespaces/" + s.namespace + "/workflows?limit=1"
	ctx, stop := context.WithCancel(context.Background())
	c := &crowd{stop: stop, client: client}
	for range people {
		c.all.Go(func() {
			for ctx.Err() == nil {
				c.ask(ctx, url)
			}
		})
	}
	return c
}

func (c *crowd) ask(ctx context.Context, url string) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return // the crowd leaves
	}
	if resp.StatusCode == http.StatusTooManyRequests {
		c.refused.Add(1)
	}
	_ = resp.Body.Close() // the body is not needed
}

func (c *crowd) leave() {
	c.stop()
	c.all.Wait()
	utilnet.CloseIdleConnectionsFor(c.client.Transport)
}

// priorityLevel gives the scene's service account its own priority level, which rejects requests
// that have no seat. The returned function sets the level's share of the API server.
func (s *scene) priorityLevel(ctx context.Context) func(ctx context.Context, shares int32) {
	GinkgoHelper()
	levels, schemas := kube.FlowcontrolV1().PriorityLevelConfigurations(), kube.FlowcontrolV1().FlowSchemas()
	level := &flowcontrolv1.PriorityLevelConfiguration{
		ObjectMeta: metav1.ObjectMeta{Name: s.namespace},
		Spec: flowcontrolv1.PriorityLevelConfigurationSpec{
			Type: flowcontrolv1.PriorityLevelEnablementLimited,
			Limited: &flowcontrolv1.LimitedPriorityLevelConfiguration{
				NominalConcurrencyShares: new(int32(100)),
				BorrowingLimitPercent:    new(int32(0)),
				LimitResponse:            flowcontrolv1.LimitResponse{Type: flowcontrolv1.LimitResponseTypeReject},
			},
		},
	}
	_, err := levels.Create(ctx, level, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	everything := []string{flowcontrolv1.ResourceAll}
	_, err = schemas.Create(ctx, &flowcontrolv1.FlowSchema{
		ObjectMeta: metav1.ObjectMeta{Name: s.namespace},
		Spec: flowcontrolv1.FlowSchemaSpec{
			PriorityLevelConfiguration: flowcontrolv1.PriorityLevelConfigurationReference{Name: s.namespace},
			MatchingPrecedence:         100,
			Rules: []flowcontrolv1.PolicyRulesWithSubjects{{
				Subjects: []flowcontrolv1.Subject{{
					Kind:           flowcontrolv1.SubjectKindServiceAccount,
					ServiceAccount: &flowcontrolv1.ServiceAccountSubject{Namespace: s.namespace, Name: busyAccount},
				}},
				ResourceRules: []flowcontrolv1.ResourcePolicyRule{
					{Verbs: everything, APIGroups: everything, Resources: everything, Namespaces: everything},
				},
			}},
		},
	}, metav1.CreateOptions{})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func(ctx SpecContext) {
		Expect(schemas.Delete(ctx, s.namespace, metav1.DeleteOptions{})).To(Succeed())
		Expect(levels.Delete(ctx, s.namespace, metav1.DeleteOptions{})).To(Succeed())
	}, NodeTimeout(soon))
	return func(ctx context.Context, shares int32) {
		GinkgoHelper()
		patch := fmt.Sprintf(`{"spec":{"limited":{"nominalConcurrencyShares":%d}}}`, shares)
		_, err := levels.Patch(ctx, s.namespace, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		Expect(err).NotTo(HaveOccurred())
	}
}
