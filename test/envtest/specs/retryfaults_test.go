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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
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
		s, err := plain.Start(ctx, workflow.StartRequest{Template: template})
		Expect(err).NotTo(HaveOccurred())
		failed, err = plain.Wait(ctx, s.Name, workflow.Completed)
		Expect(err).NotTo(HaveOccurred())
		Expect(failed.Phase).To(Equal(status.PhaseFailed))
	}, NodeTimeout(specTimeout))

	// between returns a client with a hook before each of its requests.
	between := func(do func(r *http.Request, next http.RoundTripper) (*http.Response, error)) *workflow.WorkflowClient {
		return nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) { return do(r, next) })
		}), namespace)
	}
	isWrite := func(r *http.Request) bool {
		return r.Method == http.MethodPut && r.URL.Query().Get("dryRun") == "" && !asks(r)
	}
	isTrial := func(r *http.Request) bool { return r.Method == http.MethodPut && r.URL.Query().Get("dryRun") != "" }
	podUID := func(ctx context.Context) types.UID {
		GinkgoHelper()
		pods, err := kube.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(pods.Items).To(HaveLen(1))
		return pods.Items[0].UID
	}
	// endPod ends the retry's long-running pod. The failed pod is deleted by then.
	endPod := func(ctx context.Context) {
		GinkgoHelper()
		pods := kube.CoreV1().Pods(namespace)
		Eventually(ctx, func(g Gomega) {
			list, err := pods.List(ctx, metav1.ListOptions{})
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(list.Items).To(HaveLen(1))
			_, err = pods.Patch(ctx, list.Items[0].Name, types.MergePatchType,
				[]byte(`{"metadata": {"annotations": {"envtest.argoservice/duration": "0s"}}}`), metav1.PatchOptions{})
			g.Expect(err).NotTo(HaveOccurred())
		}).Should(Succeed())
	}
	succeeds := func(ctx context.Context) *status.WorkflowStatus {
		GinkgoHelper()
		s, err := plain.Wait(ctx, failed.Name, workflow.Completed)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Err()).NotTo(HaveOccurred())
		return s
	}

	for _, where := range []struct {
		name string
		at   func(*http.Request) bool
	}{{"before the trial write", isTrial}, {"before the write", isWrite}} {
		It("keeps a change that another writer makes "+where.name, func(ctx SpecContext) {
			var writes atomic.Int64
			client := between(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if where.at(r) && writes.Add(1) == 1 {
					annotate(ctx, namespace, failed.Name)
				}
				return next.RoundTrip(r)
			})
			_, err := client.Retry(ctx, failed.Name, options)
			Expect(err).NotTo(HaveOccurred())
			Expect(writes.Load()).To(BeNumerically(">=", 2), "the first was answered with a conflict")
			Expect(succeeds(ctx).Annotations).To(HaveKeyWithValue("from", "another writer"))
		}, SpecTimeout(specTimeout))
	}

	It("retries once if the answer is lost, even if the workflow has failed again by then", func(ctx SpecContext) {
		var writes atomic.Int64
		client := between(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			resp, err := next.RoundTrip(r)
			if !isWrite(r) || writes.Add(1) > 1 || err != nil {
				return resp, err
			}
			Eventually(ctx, func(g Gomega) {
				s, err := plain.Get(ctx, failed.Name)
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(s.ResourceVersion).NotTo(Equal(failed.ResourceVersion))
				g.Expect(s.Phase).To(Equal(status.PhaseFailed))
			}).Should(Succeed())
			return nil, lose(resp)
		})
		s, err := client.Retry(ctx, failed.Name, workflow.RetryOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Phase).To(Equal(status.PhaseFailed), "it is the state by now")
		Expect(s.StartTime).To(BeTemporally(">", failed.StartTime))
		Expect(writes.Load()).To(BeEquivalentTo(1))
	}, SpecTimeout(specTimeout))

	It("writes again if the request was lost", func(ctx SpecContext) {
		var writes atomic.Int64
		client := between(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if isWrite(r) && writes.Add(1) == 1 {
				return nil, io.ErrUnexpectedEOF
			}
			return next.RoundTrip(r)
		})
		_, err := client.Retry(ctx, failed.Name, options)
		Expect(err).NotTo(HaveOccurred())
		Expect(writes.Load()).To(BeEquivalentTo(2))
		succeeds(ctx)
	}, SpecTimeout(specTimeout))

	It("leaves the workflow to be retried if it is cut off after the pods", func(ctx SpecContext) {
		client := between(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if isWrite(r) {
				return nil, fmt.Errorf("the process ended")
			}
			return next.RoundTrip(r)
		})
		before, err := plain.Get(ctx, failed.Name)
		Expect(err).NotTo(HaveOccurred())
		_, err = client.Retry(ctx, failed.Name, options)
		Expect(err).To(MatchError(workflow.ErrUnknownOutcome))
		s, err := plain.Get(ctx, failed.Name)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Phase).To(Equal(status.PhaseFailed))
		Expect(s.Nodes).To(Equal(before.Nodes))
		_, err = plain.Retry(ctx, failed.Name, options)
		Expect(err).NotTo(HaveOccurred())
		succeeds(ctx)
	}, SpecTimeout(specTimeout))

	It("does not delete the pod of another one's retry", func(ctx SpecContext) {
		var once sync.Once
		var theirs types.UID
		late := between(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/pods/") {
				once.Do(func() {
					_, err := plain.Retry(ctx, failed.Name, options)
					Expect(err).NotTo(HaveOccurred())
					succeeds(ctx)
					theirs = podUID(ctx)
				})
			}
			return next.RoundTrip(r)
		})
		_, err := late.Retry(ctx, failed.Name, options)
		Expect(err).To(MatchError(workflow.ErrInvalid), "it succeeded by now")
		Expect(theirs).NotTo(BeEmpty())
		Expect(podUID(ctx)).To(Equal(theirs))
	}, SpecTimeout(specTimeout))

	It("sets one going that many retry at once, one time", func(ctx SpecContext) {
		const callers = 8
		var calls sync.WaitGroup
		var retried atomic.Int64
		for range callers {
			calls.Go(func() {
				defer GinkgoRecover()
				_, err := plain.Retry(ctx, failed.Name, workflow.RetryOptions{Parameters: map[string]any{"exit-code": 0, "duration": "1h"}})
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
		pods := kube.CoreV1().Pods(namespace)
		list, err := pods.List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		name := list.Items[0].Name
		_, err = pods.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"finalizers":["example.com/slow"]}}`), metav1.PatchOptions{})
		Expect(err).NotTo(HaveOccurred())
		letGo := func(ctx context.Context) {
			_, err = pods.Patch(ctx, name, types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`), metav1.PatchOptions{})
			Expect(err).NotTo(HaveOccurred())
		}

		// The pod determines how long that takes, even if few requests are retried.
		hasty, err := workflow.NewForConfig(cluster.Config(), workflow.Options{Namespace: namespace, RetryFor: -1})
		Expect(err).NotTo(HaveOccurred())
		short, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		_, err = hasty.Retry(short, failed.Name, options)
		Expect(err).To(MatchError(context.DeadlineExceeded))
		Expect(err).To(MatchError(ContainSubstring(name)))
		s, err := plain.Get(ctx, failed.Name)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.ResourceVersion).To(Equal(failed.ResourceVersion))

		var deletes atomic.Int64
		client := between(func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.Method == http.MethodDelete && deletes.Add(1) == 3 {
				letGo(ctx)
			}
			return next.RoundTrip(r)
		})
		_, err = client.Retry(ctx, failed.Name, options)
		Expect(err).NotTo(HaveOccurred())
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
