package specs_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// Faults occur between a retry and the real API server.
var _ = Describe("a retry of the native client", func() {
	var (
		namespace string
		plain     *workflow.WorkflowClient
		failed    *status.WorkflowStatus
		options   = workflow.RetryOptions{Parameters: map[string]any{"exit-code": 0}}
	)
	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		plain = nativeClient(cluster.Config(), namespace)
		template := argotest.Create(ctx, argotest.Templates(dyn, namespace), fragileTemplate)
		s := must(plain.Start(ctx, workflow.StartRequest{Template: template}))
		failed = must(plain.Wait(ctx, s.Name, workflow.Completed))
		Expect(failed.Phase).To(Equal(status.PhaseFailed))
	}, NodeTimeout(specTimeout))

	isWrite := func(r *http.Request) bool {
		return r.Method == http.MethodPut && r.URL.Query().Get("dryRun") == "" && !asks(r)
	}
	isTrial := func(r *http.Request) bool { return r.Method == http.MethodPut && r.URL.Query().Get("dryRun") != "" }
	onlyPod := func(ctx context.Context) corev1.Pod {
		GinkgoHelper()
		pods := must(shared.pods(ctx, namespace, ""))
		Expect(pods).To(HaveLen(1))
		return pods[0]
	}
	// endPod ends the retry's long-running pod. The failed pod is deleted by then.
	endPod := func(ctx context.Context) {
		GinkgoHelper()
		mergePatch(ctx, kube.CoreV1().Pods(namespace), shared.runningPod(ctx, namespace),
			`{"metadata": {"annotations": {"envtest.argoservice/duration": "0s"}}}`)
	}
	succeeds := func(ctx context.Context) *status.WorkflowStatus {
		GinkgoHelper()
		s := must(plain.Wait(ctx, failed.Name, workflow.Completed))
		Expect(s.Err()).NotTo(HaveOccurred())
		return s
	}

	for _, where := range []struct {
		name string
		at   func(*http.Request) bool
	}{{"before the trial write", isTrial}, {"before the write", isWrite}} {
		It("keeps a change that another writer makes "+where.name, func(ctx SpecContext) {
			var writes atomic.Int64
			client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if where.at(r) && writes.Add(1) == 1 {
					annotate(ctx, namespace, failed.Name)
				}
				return next.RoundTrip(r)
			})
			must(client.Retry(ctx, failed.Name, options))
			Expect(writes.Load()).To(BeNumerically(">=", 2), "the first was answered with a conflict")
			Expect(succeeds(ctx).Annotations).To(HaveKeyWithValue("from", "another writer"))
		}, SpecTimeout(specTimeout))
	}

	It("retries once if the answer is lost, even if the workflow has failed again by then", func(ctx SpecContext) {
		var writes atomic.Int64
		client := lossyClient(namespace, func(resp *http.Response) bool {
			if !isWrite(resp.Request) || writes.Add(1) > 1 {
				return false
			}
			Eventually(ctx, plain.Get).WithArguments(failed.Name).Should(And(
				HaveField("ResourceVersion", Not(Equal(failed.ResourceVersion))), HaveField("Phase", status.PhaseFailed),
			))
			return true
		})
		s := must(client.Retry(ctx, failed.Name, workflow.RetryOptions{}))
		Expect(s.Phase).To(Equal(status.PhaseFailed), "it is the state by now")
		Expect(s.StartTime).To(BeTemporally(">", failed.StartTime))
		Expect(writes.Load()).To(BeEquivalentTo(1))
	}, SpecTimeout(specTimeout))

	It("writes again if the request was lost", func(ctx SpecContext) {
		var writes atomic.Int64
		client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if isWrite(r) && writes.Add(1) == 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return next.RoundTrip(r)
		})
		must(client.Retry(ctx, failed.Name, options))
		Expect(writes.Load()).To(BeEquivalentTo(2))
		succeeds(ctx)
	}, SpecTimeout(specTimeout))

	It("leaves the workflow to be retried if it is cut off after the pods", func(ctx SpecContext) {
		client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if isWrite(r) {
				return nil, fmt.Errorf("the process ended")
			}
			return next.RoundTrip(r)
		})
		before := must(plain.Get(ctx, failed.Name))
		Expect(second(client.Retry(ctx, failed.Name, options))).To(MatchError(workflow.ErrUnknownOutcome))
		s := must(plain.Get(ctx, failed.Name))
		Expect(s.Phase).To(Equal(status.PhaseFailed))
		Expect(s.Nodes).To(Equal(before.Nodes))
		must(plain.Retry(ctx, failed.Name, options))
		succeeds(ctx)
	}, SpecTimeout(specTimeout))

	It("does not delete the pod of another one's retry", func(ctx SpecContext) {
		var theirs types.UID
		retryFirst := sync.OnceFunc(func() {
			must(plain.Retry(ctx, failed.Name, options))
			succeeds(ctx)
			theirs = onlyPod(ctx).UID
		})
		late := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/pods/") {
				retryFirst()
			}
			return next.RoundTrip(r)
		})
		Expect(second(late.Retry(ctx, failed.Name, options))).To(MatchError(workflow.ErrInvalid), "it succeeded by now")
		Expect(theirs).NotTo(BeEmpty())
		Expect(onlyPod(ctx).UID).To(Equal(theirs))
	}, SpecTimeout(specTimeout))

	It("sets one going that many retry at once, one time", func(ctx SpecContext) {
		const callers = 8
		slowly := workflow.RetryOptions{Parameters: map[string]any{"exit-code": 0, "duration": "1h"}}
		var calls sync.WaitGroup
		var retried atomic.Int64
		for range callers {
			calls.Go(func() {
				defer GinkgoRecover()
				_, err := plain.Retry(ctx, failed.Name, slowly)
				if err == nil {
					retried.Add(1)
					return
				}
				Expect(err).To(MatchError(workflow.ErrNotCompleted))
			})
		}
		calls.Wait()
		Expect(retried.Load()).To(BeEquivalentTo(1))
		endPod(ctx)
		succeeds(ctx)
	}, SpecTimeout(specTimeout))

	It("waits for a pod that takes its time to end", func(ctx SpecContext) {
		pods, name := kube.CoreV1().Pods(namespace), onlyPod(ctx).Name
		mergePatch(ctx, pods, name, `{"metadata":{"finalizers":["example.com/slow"]}}`)

		// The pod determines how long that takes, even if few requests are retried.
		hasty := must(workflow.NewForConfig(cluster.Config(), workflow.Options{Namespace: namespace, RetryFor: -1}))
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		Expect(second(hasty.Retry(short, failed.Name, options))).
			To(And(MatchError(context.DeadlineExceeded), MatchError(ContainSubstring(name))))
		Expect(must(plain.Get(ctx, failed.Name)).ResourceVersion).To(Equal(failed.ResourceVersion))

		var deletes atomic.Int64
		client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.Method == http.MethodDelete && deletes.Add(1) == 3 {
				mergePatch(ctx, pods, name, `{"metadata":{"finalizers":null}}`)
			}
			return next.RoundTrip(r)
		})
		must(client.Retry(ctx, failed.Name, options))
		succeeds(ctx)
	}, SpecTimeout(specTimeout))
})

const fragileTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: fragile-}
spec:
  entrypoint: main
  arguments:
    parameters:
    - {name: exit-code, value: "1"}
    - {name: duration, value: 1ms}
  templates:
  - name: main
    steps:
    - - {name: fragile, template: fragile}
  - name: fragile
    metadata:
      annotations:
        envtest.argoservice/exit-code: "{{workflow.parameters.exit-code}}"
        envtest.argoservice/duration: "{{workflow.parameters.duration}}"
    container: {image: any, command: ["true"]}
`
