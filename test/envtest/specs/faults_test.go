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
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// Faults occur between the native client and the real API server.
var _ = Describe("native client", func() {
	var namespace, template string
	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		template = createTemplate(ctx, namespace)
	}, NodeTimeout(specTimeout))

	count := func(ctx SpecContext) int {
		GinkgoHelper()
		list, err := argotest.Workflows(dyn, namespace).List(ctx, metav1.ListOptions{})
		Expect(err).NotTo(HaveOccurred())
		return len(list.Items)
	}

	Describe("whose answers are lost", func() {
		It("starts each workflow exactly once", func(ctx SpecContext) {
			// Every third response to a create is lost after the server has acted.
			var posts atomic.Int64
			cfg := wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					if r.Method == http.MethodPost && posts.Add(1)%3 == 0 && err == nil {
						return nil, lose(resp)
					}
					return resp, err
				})
			})
			client := nativeClient(cfg, namespace)
			const starts = 60
			uids := sync.Map{}
			var callers sync.WaitGroup
			for i := range starts {
				callers.Go(func() {
					defer GinkgoRecover()
					req := workflow.StartRequest{Template: template}
					if i%2 == 0 {
						req.IdempotencyKey = fmt.Sprint("key-", i)
					}
					s, err := client.Start(ctx, req)
					Expect(err).NotTo(HaveOccurred())
					uids.Store(s.UID, true)
				})
			}
			callers.Wait()
			distinct := 0
			uids.Range(func(any, any) bool { distinct++; return true })
			Expect(distinct).To(Equal(starts))
			Expect(count(ctx)).To(Equal(starts))
			Expect(posts.Load()).To(BeNumerically(">", starts), "answers were lost")
		}, SpecTimeout(specTimeout))

		It("says so when it cannot find out, and a repetition with the same name settles it", func(ctx SpecContext) {
			var down atomic.Bool
			cfg := wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
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
			})
			client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace, RetryFor: time.Second})
			Expect(err).NotTo(HaveOccurred())
			req := workflow.StartRequest{Template: template, IdempotencyKey: "k"}
			_, err = client.Start(ctx, req)
			Expect(err).To(MatchError(workflow.ErrUnknownOutcome))
			Expect(err).NotTo(MatchError(workflow.ErrUnavailable))
			var e *workflow.Error
			Expect(errors.As(err, &e)).To(BeTrue())
			Expect(count(ctx)).To(Equal(1))

			s, err := nativeClient(cluster.Config(), namespace).Start(ctx, req)
			Expect(err).NotTo(HaveOccurred())
			Expect(s.Name).To(Equal(e.Name))
			Expect(count(ctx)).To(Equal(1))
		}, SpecTimeout(specTimeout))

		It("stops, suspends, deletes and resubmits once", func(ctx SpecContext) {
			var lost atomic.Int64
			lossy := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					// Only the first response to each kind of write is lost.
					bit := map[string]int64{http.MethodPatch: 1, http.MethodPost: 2, http.MethodDelete: 4}[r.Method]
					if err == nil && bit != 0 && lost.Or(bit)&bit == 0 {
						return nil, lose(resp)
					}
					return resp, err
				})
			}), namespace)
			client := nativeClient(cluster.Config(), namespace)
			started, err := client.Start(ctx, workflow.StartRequest{Template: template})
			Expect(err).NotTo(HaveOccurred())
			_, err = client.Wait(ctx, started.Name, workflow.Suspended)
			Expect(err).NotTo(HaveOccurred())

			Expect(lossy.Suspend(ctx, started.Name, workflow.SuspendOptions{})).To(Succeed())
			lost.And(^int64(1))
			Expect(lossy.Stop(ctx, started.Name, workflow.StopOptions{})).To(Succeed())
			s, err := client.Wait(ctx, started.Name, workflow.Completed)
			Expect(err).NotTo(HaveOccurred())
			Expect(s.Outcome()).To(Equal(status.OutcomeStopped))

			again, err := lossy.Resubmit(ctx, started.Name, workflow.ResubmitOptions{})
			Expect(err).NotTo(HaveOccurred())
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
			lossy := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					mu.Lock()
					defer mu.Unlock()
					// The first response to each kind of write is lost, those of dry runs apart.
					write := r.Method + r.URL.Query().Get("dryRun")
					if r.Method != http.MethodGet && err == nil && resp.StatusCode < http.StatusBadRequest && !lost[write] {
						lost[write] = true
						return nil, lose(resp)
					}
					return resp, err
				})
			}), namespace)
			client := nativeClient(cluster.Config(), namespace)
			req := workflow.StartRequest{Template: template, Name: "same-name"}
			first, err := client.Start(ctx, req)
			Expect(err).NotTo(HaveOccurred())
			_, err = client.Wait(ctx, first.Name, workflow.Suspended)
			Expect(err).NotTo(HaveOccurred())

			req.IfExists, req.IdempotencyKey = workflow.ExistsReplace, "k"
			second, err := lossy.Start(ctx, req)
			Expect(err).NotTo(HaveOccurred())
			Expect(second.Replaced).To(Equal(first.UID))
			Expect(lost).To(HaveLen(4))
			again, err := lossy.Start(ctx, req)
			Expect(err).NotTo(HaveOccurred())
			Expect(again.Found).To(BeTrue())
			Expect(again.UID).To(Equal(second.UID))
			Expect(count(ctx)).To(Equal(1))
		}, SpecTimeout(specTimeout))

		It("doesn't delete what has come in the place of what it deleted", func(ctx SpecContext) {
			client := nativeClient(cluster.Config(), namespace)
			req := workflow.StartRequest{Template: template, Name: "same-name"}
			_, err := client.Start(ctx, req)
			Expect(err).NotTo(HaveOccurred())
			var once sync.Once
			lossy := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					if r.Method == http.MethodDelete && err == nil {
						once.Do(func() {
							err = lose(resp)
							_, startErr := client.Start(ctx, req)
							Expect(startErr).NotTo(HaveOccurred())
						})
					}
					return resp, err
				})
			}), namespace)
			Expect(lossy.Delete(ctx, "same-name", workflow.DeleteOptions{})).To(Succeed())
			Expect(count(ctx)).To(Equal(1))
		}, SpecTimeout(specTimeout))

		It("resumes once", func(ctx SpecContext) {
			client := nativeClient(cluster.Config(), namespace)
			started, err := client.Start(ctx, workflow.StartRequest{Template: template})
			Expect(err).NotTo(HaveOccurred())
			s, err := client.Wait(ctx, started.Name, workflow.Suspended)
			Expect(err).NotTo(HaveOccurred())

			var patches atomic.Int64
			lossy := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					decides := r.Method == http.MethodPatch && !asks(r)
					resp, err := next.RoundTrip(r)
					if decides && patches.Add(1) == 1 && err == nil {
						return nil, lose(resp)
					}
					return resp, err
				})
			}), namespace)
			result, err := lossy.Resume(ctx, s.Name, workflow.ResumeOptions{})
			Expect(err).NotTo(HaveOccurred())
			Expect(result.Gates).To(HaveLen(1), "the write whose answer was lost counts")
			Expect(patches.Load()).To(BeEquivalentTo(1))
		}, SpecTimeout(specTimeout))
	})

	It("keeps a change that another writer makes at the same time", func(ctx SpecContext) {
		client := nativeClient(cluster.Config(), namespace)
		started, err := client.Start(ctx, workflow.StartRequest{Template: template})
		Expect(err).NotTo(HaveOccurred())
		_, err = client.Wait(ctx, started.Name, workflow.Suspended)
		Expect(err).NotTo(HaveOccurred())

		var patches atomic.Int64
		late := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPatch && !asks(r) && patches.Add(1) == 1 {
					annotate(ctx, namespace, started.Name)
				}
				return next.RoundTrip(r)
			})
		}), namespace)
		_, err = late.Resume(ctx, started.Name, workflow.ResumeOptions{})
		Expect(err).NotTo(HaveOccurred())
		Expect(patches.Load()).To(BeEquivalentTo(2), "the first was answered with a conflict")
		s, err := client.Wait(ctx, started.Name, workflow.Completed)
		Expect(err).NotTo(HaveOccurred())
		Expect(s.Annotations).To(HaveKeyWithValue("from", "another writer"))
	}, SpecTimeout(specTimeout))

	Describe("whose watch breaks", func() {
		It("goes on, whether it was cut off, expired or never opened", func(ctx SpecContext) {
			var watches atomic.Int64
			cfg := wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
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
			})
			client := nativeClient(cfg, namespace)
			started, err := client.Start(ctx, workflow.StartRequest{Template: template})
			Expect(err).NotTo(HaveOccurred())
			versions := map[string]int{}
			resumed := false
			s, err := client.Wait(ctx, started.Name, func(s *status.WorkflowStatus) (bool, error) {
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
			})
			Expect(err).NotTo(HaveOccurred())
			Expect(s.Outcome()).To(Equal(status.OutcomeSucceeded))
			Expect(versions).To(HaveEach(1), "each state was shown once")
			Expect(watches.Load()).To(BeNumerically(">", 4))
		}, SpecTimeout(specTimeout))

		It("notices that the workflow was replaced meanwhile", func(ctx SpecContext) {
			plain := nativeClient(cluster.Config(), namespace)
			req := workflow.StartRequest{Template: template, Name: "replaced"}
			_, err := plain.Start(ctx, req)
			Expect(err).NotTo(HaveOccurred())
			var once sync.Once
			client := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					if r.URL.Query().Get("watch") != "" {
						once.Do(func() {
							Expect(argotest.Workflows(dyn, namespace).Delete(ctx, "replaced", metav1.DeleteOptions{})).To(Succeed())
							_, err := plain.Start(ctx, req)
							Expect(err).NotTo(HaveOccurred())
						})
						return nil, io.ErrUnexpectedEOF
					}
					return next.RoundTrip(r)
				})
			}), namespace)
			_, err = client.Wait(ctx, "replaced", workflow.Completed)
			Expect(err).To(MatchError(workflow.ErrReplaced))
		}, SpecTimeout(specTimeout))
	})

	It("goes on with a list whose next page has expired or fails", func(ctx SpecContext) {
		const most = 9
		client := nativeClient(cluster.Config(), namespace)
		for i := range most {
			_, err := client.Start(ctx, workflow.StartRequest{Template: template, Name: fmt.Sprint("w", i)})
			Expect(err).NotTo(HaveOccurred())
		}
		var pages, expired atomic.Int64
		troubled := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
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
		}), namespace)
		var names []string
		for s, err := range troubled.List(ctx, workflow.ListOptions{PageSize: 2}) {
			Expect(err).NotTo(HaveOccurred())
			names = append(names, s.Name)
		}
		Expect(names).To(HaveExactElements("w0", "w1", "w2", "w3", "w4", "w5", "w6", "w7", "w8"))
		Expect(expired.Load()).To(BeEquivalentTo(1))
	}, SpecTimeout(specTimeout))

	It("reads a template once for many starts, and anew before it refuses one", func(ctx SpecContext) {
		var reads atomic.Int64
		client := nativeClient(wrapped(func(next http.RoundTripper) http.RoundTripper {
			return roundTripper(func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "/workflowtemplates/") {
					reads.Add(1)
				}
				return next.RoundTrip(r)
			})
		}), namespace)
		for range 5 {
			_, err := client.Start(ctx, workflow.StartRequest{Template: template})
			Expect(err).NotTo(HaveOccurred())
		}
		Expect(reads.Load()).To(BeEquivalentTo(1))

		withNew := workflow.StartRequest{Template: template, Parameters: map[string]any{"new": "x"}}
		_, err := client.Start(ctx, withNew)
		Expect(err).To(MatchError(workflow.ErrInvalid))
		_, err = argotest.Templates(dyn, namespace).Patch(ctx, template, "application/merge-patch+json",
			[]byte(`{"spec":{"arguments":{"parameters":[{"name":"new","value":"y"}]}}}`), metav1.PatchOptions{})
		Expect(err).NotTo(HaveOccurred())
		_, err = client.Start(ctx, withNew)
		Expect(err).NotTo(HaveOccurred())
		Expect(reads.Load()).To(BeEquivalentTo(3))
	}, SpecTimeout(specTimeout))

	It("says when nobody answers", func(ctx SpecContext) {
		cfg := rest.CopyConfig(cluster.Config())
		cfg.Host = "https://127.0.0.1:1"
		client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace, RetryFor: -1})
		Expect(err).NotTo(HaveOccurred())
		_, err = client.Get(ctx, "any")
		Expect(err).To(MatchError(workflow.ErrUnavailable))
		_, err = client.Start(ctx, workflow.StartRequest{Template: template})
		Expect(err).To(MatchError(workflow.ErrUnavailable))
		_, err = client.Create(ctx, workflowObject("any"))
		Expect(err).To(MatchError(workflow.ErrUnavailable), "nothing was sent, so nothing is in doubt")
	}, SpecTimeout(specTimeout))

	It("creates and gets objects as they are", func(ctx SpecContext) {
		client := nativeClient(cluster.Config(), namespace)
		obj := workflowObject("raw")
		// No controller may pick it up: it would remove the fields that it doesn't know.
		obj.SetLabels(map[string]string{"workflows.argoproj.io/controller-instanceid": unclaimed})
		before := obj.DeepCopy()
		created, err := client.Create(ctx, obj)
		Expect(err).NotTo(HaveOccurred())
		Expect(obj).To(Equal(before), "the input is not changed")
		got, err := client.GetObject(ctx, "raw")
		Expect(err).NotTo(HaveOccurred())
		Expect(got.GetUID()).To(Equal(created.GetUID()))
		unknown, _, err := unstructured.NestedString(got.Object, "spec", "fieldOfTheFuture")
		Expect(err).NotTo(HaveOccurred())
		Expect(unknown).To(Equal("kept"))

		_, err = client.Create(ctx, obj)
		Expect(err).To(MatchError(workflow.ErrAlreadyExists))
		_, err = client.Create(ctx, &unstructured.Unstructured{})
		Expect(err).To(MatchError(workflow.ErrInvalid))
		_, err = client.GetObject(ctx, "nobody")
		Expect(err).To(MatchError(workflow.ErrNotFound))
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

func workflowObject(name string) *unstructured.Unstructured {
	return argotest.Object(`
metadata: {name: ` + name + `}
spec:
  entrypoint: main
  fieldOfTheFuture: kept
  templates: [{name: main, suspend: {}}]
`)
}

func annotate(ctx context.Context, namespace, name string) {
	GinkgoHelper()
	_, err := argotest.Workflows(dyn, namespace).Patch(ctx, name, "application/merge-patch+json",
		[]byte(`{"metadata":{"annotations":{"from":"another writer","at":"`+time.Now().String()+`"}}}`), metav1.PatchOptions{})
	Expect(err).NotTo(HaveOccurred())
}

// wrapped returns the administrator's configuration with a wrapped transport.
func wrapped(wrap func(http.RoundTripper) http.RoundTripper) *rest.Config {
	cfg := cluster.Config()
	cfg.Wrap(wrap)
	return cfg
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// tokenOfRevision changes the revision of a list's continue token.
func tokenOfRevision(token string, revision int64) string {
	GinkgoHelper()
	data, err := base64.RawURLEncoding.DecodeString(token)
	Expect(err).NotTo(HaveOccurred())
	var fields map[string]any
	Expect(json.Unmarshal(data, &fields)).To(Succeed())
	Expect(fields).To(HaveKey("rv"))
	fields["rv"] = revision
	data, err = json.Marshal(fields)
	Expect(err).NotTo(HaveOccurred())
	return base64.RawURLEncoding.EncodeToString(data)
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
