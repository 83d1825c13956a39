package specs_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// Faults occur between the native client and the real API server.
var _ = Describe("native client", func() {
	var (
		namespace, template string
		plain               *workflow.WorkflowClient // without faults
	)
	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		template = createTemplate(ctx, namespace)
		plain = nativeClient(cluster.Config(), namespace)
	}, NodeTimeout(specTimeout))

	count := func(ctx SpecContext) int {
		GinkgoHelper()
		return len(must(argotest.Workflows(dyn, namespace).List(ctx, metav1.ListOptions{})).Items)
	}
	// suspended starts a workflow and blocks until it waits at its gate.
	suspended := func(ctx SpecContext, req workflow.StartRequest) *status.WorkflowStatus {
		GinkgoHelper()
		started := must(plain.Start(ctx, req))
		return must(plain.Wait(ctx, started.Name, workflow.Suspended))
	}

	Describe("whose answers are lost", func() {
		It("starts each workflow exactly once", func(ctx SpecContext) {
			// Every third response to a create is lost after the server has acted.
			var posts atomic.Int64
			client := lossyClient(namespace, func(resp *http.Response) bool {
				return resp.Request.Method == http.MethodPost && posts.Add(1)%3 == 0
			})
			const starts = 60
			uids := make([]types.UID, starts)
			var callers sync.WaitGroup
			for i := range starts {
				callers.Go(func() {
					defer GinkgoRecover()
					req := workflow.StartRequest{Template: template}
					if i%2 == 0 {
						req.IdempotencyKey = fmt.Sprint("key-", i)
					}
					uids[i] = must(client.Start(ctx, req)).UID
				})
			}
			callers.Wait()
			Expect(sets.New(uids...)).To(HaveLen(starts))
			Expect(count(ctx)).To(Equal(starts))
			Expect(posts.Load()).To(BeNumerically(">", starts), "answers were lost")
		}, SpecTimeout(specTimeout))

		It("says so when it cannot find out, and a repetition with the same name settles it", func(ctx SpecContext) {
			var down atomic.Bool
			cfg := intercepted(cluster.Config(), func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if down.Load() {
					return nil, io.ErrUnexpectedEOF
				}
				resp, err := next.RoundTrip(r)
				if r.Method == http.MethodPost && err == nil {
					down.Store(true)
					return nil, lose(resp)
				}
				return resp, err
			})
			client := must(workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace, RetryFor: time.Second}))
			req := workflow.StartRequest{Template: template, IdempotencyKey: "k"}
			_, err := client.Start(ctx, req)
			Expect(err).To(MatchError(workflow.ErrUnknownOutcome))
			Expect(err).NotTo(MatchError(workflow.ErrUnavailable))
			var e *workflow.Error
			Expect(errors.As(err, &e)).To(BeTrue())
			Expect(count(ctx)).To(Equal(1))

			Expect(must(plain.Start(ctx, req)).Name).To(Equal(e.Name))
			Expect(count(ctx)).To(Equal(1))
		}, SpecTimeout(specTimeout))

		It("stops, suspends, deletes and resubmits once", func(ctx SpecContext) {
			// Only the first response to each kind of write is lost.
			var lost atomic.Int64
			lossy := lossyClient(namespace, func(resp *http.Response) bool {
				bit := map[string]int64{http.MethodPatch: 1, http.MethodPost: 2, http.MethodDelete: 4}[resp.Request.Method]
				return bit != 0 && lost.Or(bit)&bit == 0
			})
			started := suspended(ctx, workflow.StartRequest{Template: template})
			Expect(lossy.Suspend(ctx, started.Name, workflow.SuspendOptions{})).To(Succeed())
			lost.And(^int64(1))
			Expect(lossy.Stop(ctx, started.Name, workflow.StopOptions{})).To(Succeed())
			Expect(must(plain.Wait(ctx, started.Name, workflow.Completed)).Outcome()).To(Equal(status.OutcomeStopped))

			again := must(lossy.Resubmit(ctx, started.Name, workflow.ResubmitOptions{}))
			Expect(count(ctx)).To(Equal(2))

			Expect(lossy.Delete(ctx, again.Name, workflow.DeleteOptions{})).To(Succeed(), "without a UID")
			lost.And(^int64(4))
			Expect(lossy.Delete(ctx, started.Name, workflow.DeleteOptions{UID: started.UID})).To(Succeed())
			Expect(lost.Load()).To(BeEquivalentTo(7))
			Expect(count(ctx)).To(BeZero())
		}, SpecTimeout(specTimeout))

		It("replaces once", func(ctx SpecContext) {
			var mu sync.Mutex
			lost := map[string]bool{}
			lossy := lossyClient(namespace, func(resp *http.Response) bool {
				mu.Lock()
				defer mu.Unlock()
				// The first response to each kind of write is lost, those of dry runs apart.
				r := resp.Request
				write := r.Method + r.URL.Query().Get("dryRun")
				if r.Method == http.MethodGet || resp.StatusCode >= http.StatusBadRequest || lost[write] {
					return false
				}
				lost[write] = true
				return true
			})
			req := workflow.StartRequest{Template: template, Name: "same-name"}
			first := suspended(ctx, req)

			req.IfExists, req.IdempotencyKey = workflow.ExistsReplace, "k"
			replacement := must(lossy.Start(ctx, req))
			Expect(replacement.Replaced).To(Equal(first.UID))
			Expect(lost).To(HaveLen(4))
			again := must(lossy.Start(ctx, req))
			Expect(again.Found).To(BeTrue())
			Expect(again.UID).To(Equal(replacement.UID))
			Expect(count(ctx)).To(Equal(1))
		}, SpecTimeout(specTimeout))

		It("doesn't delete what has come in the place of what it deleted", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: template, Name: "same-name"}
			must(plain.Start(ctx, req))
			var deletes atomic.Int64
			lossy := lossyClient(namespace, func(resp *http.Response) bool {
				if resp.Request.Method != http.MethodDelete || deletes.Add(1) > 1 {
					return false
				}
				must(plain.Start(ctx, req))
				return true
			})
			Expect(lossy.Delete(ctx, "same-name", workflow.DeleteOptions{})).To(Succeed())
			Expect(count(ctx)).To(Equal(1))
		}, SpecTimeout(specTimeout))

		It("resumes once", func(ctx SpecContext) {
			started := suspended(ctx, workflow.StartRequest{Template: template})
			var patches atomic.Int64
			lossy := lossyClient(namespace, func(resp *http.Response) bool {
				return resp.Request.Method == http.MethodPatch && !asks(resp.Request) && patches.Add(1) == 1
			})
			result := must(lossy.Resume(ctx, started.Name, workflow.ResumeOptions{}))
			Expect(result.Gates).To(HaveLen(1), "the write whose answer was lost counts")
			Expect(patches.Load()).To(BeEquivalentTo(1))
		}, SpecTimeout(specTimeout))
	})

	It("keeps a change that another writer makes at the same time", func(ctx SpecContext) {
		started := suspended(ctx, workflow.StartRequest{Template: template})
		var patches atomic.Int64
		late := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.Method == http.MethodPatch && !asks(r) && patches.Add(1) == 1 {
				annotate(ctx, namespace, started.Name)
			}
			return next.RoundTrip(r)
		})
		must(late.Resume(ctx, started.Name, workflow.ResumeOptions{}))
		Expect(patches.Load()).To(BeEquivalentTo(2), "the first was answered with a conflict")
		s := must(plain.Wait(ctx, started.Name, workflow.Completed))
		Expect(s.Annotations).To(HaveKeyWithValue("from", "another writer"))
	}, SpecTimeout(specTimeout))

	Describe("whose watch breaks", func() {
		It("goes on, whether it was cut off, expired or never opened", func(ctx SpecContext) {
			var watches atomic.Int64
			client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				query := r.URL.Query()
				if query.Get("watch") == "" {
					return next.RoundTrip(r)
				}
				switch watches.Add(1) {
				case 1: // a version that the server no longer has
					query.Set("resourceVersion", "1")
					r = r.Clone(r.Context())
					r.URL.RawQuery = query.Encode()
				case 2:
					return nil, io.ErrUnexpectedEOF
				case 3, 4: // closed at once
					resp, err := next.RoundTrip(r)
					if err == nil {
						_ = resp.Body.Close()
						resp.Body = io.NopCloser(strings.NewReader(""))
					}
					return resp, err
				}
				return next.RoundTrip(r)
			})
			started := must(client.Start(ctx, workflow.StartRequest{Template: template}))
			versions := map[string]int{}
			resumed := false
			s := must(client.Wait(ctx, started.Name, func(s *status.WorkflowStatus) (bool, error) {
				versions[s.ResourceVersion]++
				if s.Suspended() && watches.Load() > 4 && !resumed {
					_, err := client.Resume(ctx, s.Name, workflow.ResumeOptions{})
					resumed = true
					return false, err
				}
				if s.Suspended() && watches.Load() <= 4 {
					annotate(ctx, namespace, s.Name) // an event for the next watch
				}
				return s.Completed(), nil
			}))
			Expect(s.Outcome()).To(Equal(status.OutcomeSucceeded))
			Expect(versions).To(HaveEach(1), "each state was shown once")
			Expect(watches.Load()).To(BeNumerically(">", 4))
		}, SpecTimeout(specTimeout))

		It("notices that the workflow was replaced meanwhile", func(ctx SpecContext) {
			req := workflow.StartRequest{Template: template, Name: "replaced"}
			must(plain.Start(ctx, req))
			replace := sync.OnceFunc(func() {
				Expect(argotest.Workflows(dyn, namespace).Delete(ctx, "replaced", metav1.DeleteOptions{})).To(Succeed())
				must(plain.Start(ctx, req))
			})
			client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
				if r.URL.Query().Get("watch") != "" {
					replace()
					return nil, io.ErrUnexpectedEOF
				}
				return next.RoundTrip(r)
			})
			Expect(second(client.Wait(ctx, "replaced", workflow.Completed))).To(MatchError(workflow.ErrReplaced))
		}, SpecTimeout(specTimeout))
	})

	It("goes on with a list whose next page has expired or fails", func(ctx SpecContext) {
		const most = 9
		for i := range most {
			must(plain.Start(ctx, workflow.StartRequest{Template: template, Name: fmt.Sprint("w", i)}))
		}
		var pages, expired atomic.Int64
		troubled := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			switch pages.Add(1) {
			case 2:
				return nil, io.ErrUnexpectedEOF
			case 3: // an outdated token
				Expect(cluster.Compact(ctx)).To(Succeed())
				query := r.URL.Query()
				query.Set("continue", tokenOfRevision(query.Get("continue"), 5))
				r = r.Clone(r.Context())
				r.URL.RawQuery = query.Encode()
			}
			resp, err := next.RoundTrip(r)
			if err == nil && resp.StatusCode == http.StatusGone {
				expired.Add(1)
			}
			return resp, err
		})
		names, problems := listedNames(ctx, troubled, workflow.ListOptions{PageSize: 2})
		Expect(problems).To(BeEmpty())
		Expect(names).To(HaveExactElements("w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"))
		Expect(expired.Load()).To(BeEquivalentTo(1))
	}, SpecTimeout(specTimeout))

	It("reads a template once for many starts, and anew before it refuses one", func(ctx SpecContext) {
		var reads atomic.Int64
		client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if strings.Contains(r.URL.Path, "/workflowtemplates/") {
				reads.Add(1)
			}
			return next.RoundTrip(r)
		})
		for range 5 {
			must(client.Start(ctx, workflow.StartRequest{Template: template}))
		}
		Expect(reads.Load()).To(BeEquivalentTo(1))

		withNew := workflow.StartRequest{Template: template, Parameters: map[string]any{"new": "x"}}
		Expect(second(client.Start(ctx, withNew))).To(MatchError(workflow.ErrInvalid))
		mergePatch(ctx, argotest.Templates(dyn, namespace), template,
			`{"spec":{"arguments":{"parameters":[{"name":"new","value":"y"}]}}}`)
		must(client.Start(ctx, withNew))
		Expect(reads.Load()).To(BeEquivalentTo(3))
	}, SpecTimeout(specTimeout))

	It("says when nobody answers", func(ctx SpecContext) {
		cfg := cluster.Config()
		cfg.Host = "https://127.0.0.1:1"
		client := must(workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace, RetryFor: -1}))
		Expect(second(client.Get(ctx, "any"))).To(MatchError(workflow.ErrUnavailable))
		Expect(second(client.Start(ctx, workflow.StartRequest{Template: template}))).To(MatchError(workflow.ErrUnavailable))
		Expect(second(client.Create(ctx, workflowObject("any")))).
			To(MatchError(workflow.ErrUnavailable), "nothing was sent, so nothing is in doubt")
	}, SpecTimeout(specTimeout))

	It("creates and gets objects as they are", func(ctx SpecContext) {
		obj := workflowObject("raw")
		// No controller may pick it up: it would remove the fields that it doesn't know.
		obj.SetLabels(map[string]string{"workflows.argoproj.io/controller-instanceid": unclaimed})
		before := obj.DeepCopy()
		created := must(plain.Create(ctx, obj))
		Expect(obj).To(Equal(before), "the input is not changed")
		got := must(plain.GetObject(ctx, "raw"))
		Expect(got.GetUID()).To(Equal(created.GetUID()))
		Expect(got.Object["spec"]).To(Equal(before.Object["spec"]), "unknown fields are kept where the definitions allow any")

		Expect(second(plain.Create(ctx, obj))).To(MatchError(workflow.ErrAlreadyExists))
		Expect(second(plain.Create(ctx, &unstructured.Unstructured{}))).To(MatchError(workflow.ErrInvalid))
		Expect(second(plain.GetObject(ctx, "nobody"))).To(MatchError(workflow.ErrNotFound))
	}, SpecTimeout(specTimeout))
})

// createTemplate creates a template that waits at a gate and then ends, without a pod.
func createTemplate(ctx SpecContext, namespace string) string {
	GinkgoHelper()
	return argotest.Create(ctx, argotest.Templates(dyn, namespace), gateTemplate)
}

const gateTemplate = `
apiVersion: argoproj.io/v1alpha1
kind: WorkflowTemplate
metadata: {generateName: gate-}
spec:
  entrypoint: main
  templates:
  - name: main
    suspend: {}
`

// gatedWorkflow is a workflow that waits at a gate and then ends, without a pod.
const gatedWorkflow = `
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: gated-}
spec: {entrypoint: gate, templates: [{name: gate, suspend: {}}]}
`

func workflowObject(name string) *unstructured.Unstructured {
	return argotest.Object(`
metadata: {name: ` + name + `}
spec:
  entrypoint: main
  templates: [{name: main, suspend: {}}, {name: other, plugin: {fieldOfTheFuture: kept}}]
`)
}

func annotate(ctx context.Context, namespace, name string) {
	GinkgoHelper()
	mergePatch(ctx, argotest.Workflows(dyn, namespace), name,
		`{"metadata":{"annotations":{"from":"another writer","at":"`+time.Now().String()+`"}}}`)
}

// interceptor makes the round trip of a request. next sends the request to the API server.
type interceptor func(r *http.Request, next http.RoundTripper) (*http.Response, error)

// intercepted returns a configuration like cfg, whose requests go through an interceptor.
func intercepted(cfg *rest.Config, do interceptor) *rest.Config {
	cfg = rest.CopyConfig(cfg)
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) { return do(r, next) })
	})
	return cfg
}

// interceptedClient returns a client of the administrator whose requests go through an interceptor.
func interceptedClient(namespace string, do interceptor) *workflow.WorkflowClient {
	GinkgoHelper()
	return nativeClient(intercepted(cluster.Config(), do), namespace)
}

// lossyClient returns a client that doesn't receive a response if lost returns true for it. The
// server has acted on the request when lost is called.
func lossyClient(namespace string, lost func(*http.Response) bool) *workflow.WorkflowClient {
	GinkgoHelper()
	return interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
		resp, err := next.RoundTrip(r)
		if err == nil && lost(resp) {
			return nil, lose(resp)
		}
		return resp, err
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// tokenOfRevision changes the revision of a list's continue token.
func tokenOfRevision(token string, revision int64) string {
	GinkgoHelper()
	data := must(base64.RawURLEncoding.DecodeString(token))
	var fields map[string]any
	Expect(json.Unmarshal(data, &fields)).To(Succeed())
	Expect(fields).To(HaveKey("rv"))
	fields["rv"] = revision
	return base64.RawURLEncoding.EncodeToString(must(json.Marshal(fields)))
}

// lose reads a response to its end, so that the server has completed the request, and returns the
// error of a connection that broke before the response arrived.
func lose(resp *http.Response) error {
	_, err := io.Copy(io.Discard, resp.Body)
	return errors.Join(io.ErrUnexpectedEOF, err, resp.Body.Close())
}

// asks reports whether a write only asks the controller to look again, by the annotation for that.
func asks(r *http.Request) bool {
	body, err := r.GetBody()
	if err != nil {
		return false
	}
	defer func() { _ = body.Close() }()
	var sent map[string]any
	if json.NewDecoder(body).Decode(&sent) != nil {
		return false
	}
	_, asked, _ := unstructured.NestedString(sent, "metadata", "annotations", "argoservice.opensearch.org/asked-again")
	return asked
}
