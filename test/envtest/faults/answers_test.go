package faults_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// Responses are lost after the server has acted, for several processes at once.
var _ = Describe("a third of the answers is lost", func() {
	const third = 3
	var s *scene
	BeforeEach(func(ctx SpecContext) { s = newScene(ctx) }, NodeTimeout(soon))

	It("and each start makes one workflow, with and without a key, from two processes", func(ctx SpecContext) {
		const processes = 2
		starts := form(150, 1000)
		proxies := []*faults.Answers{ // one resets streams, the other closes connections
			s.answers(faults.AnswersOptions{LoseEvery: third}),
			s.answers(faults.AnswersOptions{LoseEvery: third, HTTP1: true}),
		}
		var got [processes][]made
		each(processes, func(i int) {
			defer GinkgoRecover()
			cfg := proxies[i].Config()
			keyless := starts / processes
			got[i] = startInProcess(ctx, work{
				Host: cfg.Host, CAData: cfg.CAData, Namespace: s.namespace,
				First: i * keyless, Keyless: keyless, Keyed: starts,
			})
		})
		lost := proxies[0].Lost() + proxies[1].Lost()
		h := s.held(ctx, "")
		keyless, keyed := &verdict{}, &verdict{}
		keyless.Fault = fmt.Sprintf("answers lost, %d starts without keys", starts)
		keyed.Fault = fmt.Sprintf("answers lost, %d keys, each started by 2 processes", starts)
		keyless.Injected, keyed.Injected = lost, lost // they ran concurrently
		all := slices.Concat(got[:]...)
		for i := range starts {
			count(keyless, h, fmt.Sprint(i), all)
			count(keyed, h, fmt.Sprint("key-", i), all)
		}
		Expect(lost).To(BeNumerically(">", starts), "answers were lost")
		Expect(h.byUID).To(HaveLen(2*starts), "nothing else was made")
		s.leave(ctx)
		enter(keyless, keyed)
	}, SpecTimeout(5*time.Minute))

	// This is what clients commonly do today, for comparison. Nothing is guaranteed, so the spec
	// only asserts that responses were lost.
	It("and generateName with a retry makes more than was asked for", func(ctx SpecContext) {
		const starts = 300
		proxy := s.answers(faults.AnswersOptions{LoseEvery: third})
		plain, err := dynamic.NewForConfig(proxy.Config())
		Expect(err).NotTo(HaveOccurred())
		v := &verdict{Row: faults.Row{
			Fault: fmt.Sprintf("answers lost, %d starts by generateName and retry (not this library)", starts), InFlight: starts,
		}}
		each(starts, func(i int) {
			v.failed(fmt.Sprintf("start %d", i), startAsUsual(ctx, plain, s.namespace, i))
		})
		h := s.held(ctx, "")
		for i := range starts {
			switch made := len(h.byStart[fmt.Sprint(i)]); {
			case made == 0:
				v.lost("start %d", i)
			case made > 1:
				v.duplicated(made-1, "start %d", i)
			}
		}
		v.Injected = proxy.Lost()
		addRow(v.Row)
		Expect(v.Injected).To(BeNumerically(">", 0))
		Expect(len(h.byUID)).To(Equal(starts+v.Duplicated-v.Lost), "the counts add up")
	}, SpecTimeout(2*time.Minute))
})

// count adds to v what the processes received for a start and what exists of it.
func count(v *verdict, h held, id string, results []made) {
	held := h.byStart[id]
	if len(held) == 0 {
		v.lost("start %s", id)
		return
	}
	if len(held) > 1 {
		v.duplicated(len(held)-1, "start %s made %d workflows", id, len(held))
	}
	for _, m := range results {
		if m.ID != id {
			continue
		}
		v.InFlight++
		if m.Error != "" || m.UID != string(held[0].UID) {
			v.wrong("start %s returned %q (%s), not %s", id, m.UID, m.Error, held[0].UID)
		}
	}
}

// startAsUsual creates a workflow with a generated name, and retries on any error that may be
// transient.
func startAsUsual(ctx context.Context, client dynamic.Interface, namespace string, id int) error {
	obj := argotest.Object(fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: usual-
  labels: {%s: "%d", workflows.argoproj.io/controller-instanceid: %s}
spec: {workflowTemplateRef: {name: gate}}
`, labelStart, id, nobody))
	return wait.ExponentialBackoffWithContext(ctx, wait.Backoff{Duration: 10 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 10},
		func(ctx context.Context) (bool, error) {
			_, err := argotest.Workflows(client, namespace).Create(ctx, obj, metav1.CreateOptions{})
			if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) {
				return false, err
			}
			return err == nil, nil
		})
}
