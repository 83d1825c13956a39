package specs_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// Faults occur between the native client and the logs that it reads.
var _ = Describe("native client that reads logs", func() {
	var namespace, name, pod string
	BeforeEach(func(ctx SpecContext) {
		namespace = newNamespace(ctx)
		name = argotest.Create(ctx, argotest.Workflows(dyn, namespace),
			onePod(map[string]string{envtest.AnnotationDuration: "1h"}))
		pod = shared.runningPod(ctx, namespace)
	}, NodeTimeout(specTimeout))

	// linesOf returns lines of a container's log.
	linesOf := func(container string, from, to int) []string {
		var lines []string
		for i := from; i < to; i++ {
			lines = append(lines, fmt.Sprintf("line %d of %s %s", i, container, strings.Repeat("x", i%90)))
		}
		return lines
	}
	// write writes the next lines of both containers.
	write := func(ctx SpecContext, from, to int) {
		GinkgoHelper()
		for _, container := range []string{"main", "wait"} {
			Expect(cluster.WriteLog(ctx, namespace, pod, container, linesOf(container, from, to)...)).To(Succeed())
		}
	}
	expectAll := func(got map[string][]string, lines int) {
		GinkgoHelper()
		for _, container := range []string{"main", "wait"} {
			Expect(got[container]).To(Equal(linesOf(container, 0, lines)), "of %s: nothing is lost or repeated", container)
		}
	}

	It("reads what was written over cut streams", func(ctx SpecContext) {
		const lines = 300
		write(ctx, 0, lines)
		cuts := cutter{step: 3000, err: io.ErrUnexpectedEOF}
		got := map[string][]string{}
		for line, err := range interceptedClient(namespace, cuts.roundTrip).Logs(ctx, name, workflow.LogOptions{}) {
			Expect(err).NotTo(HaveOccurred())
			got[line.Container] = append(got[line.Container], line.Text)
		}
		expectAll(got, lines)
		Expect(cuts.made.Load()).To(BeEquivalentTo(2 * cutsEach))
	}, SpecTimeout(specTimeout))

	DescribeTable("follows over cut streams", func(ctx SpecContext, end error) {
		const lines, step = 200, 20
		write(ctx, 0, step)
		cuts := cutter{step: 1500, err: end, follow: true}
		var watches atomic.Int64
		client := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if r.URL.Query().Get("watch") == "" || !strings.HasSuffix(r.URL.Path, "/pods") {
				return cuts.roundTrip(r, next)
			}
			if watches.Add(1) == 1 { // the pods are listed again
				return nil, io.ErrUnexpectedEOF
			}
			return next.RoundTrip(r)
		})
		got := map[string][]string{}
		written := step
		var failed []error
		for line, err := range client.Logs(ctx, name, workflow.LogOptions{Follow: true}) {
			if err != nil {
				failed = append(failed, err)
				continue
			}
			got[line.Container] = append(got[line.Container], line.Text)
			if len(got["main"]) < written || len(got["wait"]) < written {
				continue
			}
			if written < lines {
				write(ctx, written, written+step)
			} else {
				background := metav1.DeleteOptions{PropagationPolicy: new(metav1.DeletePropagationBackground)}
				Expect(argotest.Workflows(dyn, namespace).Delete(ctx, name, background)).To(Succeed())
			}
			written += step
		}
		expectAll(got, lines)
		Expect(failed).To(HaveExactElements(MatchError(workflow.ErrDeleted)))
		Expect(cuts.made.Load()).To(BeNumerically(">=", cutsEach))
		Expect(watches.Load()).To(BeNumerically(">", 1))
	},
		Entry("that end in an error", io.ErrUnexpectedEOF, SpecTimeout(specTimeout)),
		Entry("that seem to end regularly", io.EOF, SpecTimeout(specTimeout)),
	)

	It("leaves out no line of a container that had written none, whatever the tail", func(ctx SpecContext) {
		write := func(container string, lines ...string) {
			GinkgoHelper()
			Expect(cluster.WriteLog(ctx, namespace, pod, container, lines...)).To(Succeed())
		}
		write("main", "left out", "the last one so far")
		var got []string
		for line, err := range nativeClient(cluster.Config(), namespace).Logs(ctx, name, workflow.LogOptions{Follow: true, Tail: new(int64(1))}) {
			Expect(err).NotTo(HaveOccurred())
			if got = append(got, line.Text); len(got) == 1 {
				write("wait", "a", "b", "c")
			}
			if len(got) == 4 {
				break
			}
		}
		Expect(got).To(Equal([]string{"the last one so far", "a", "b", "c"}))
	}, SpecTimeout(specTimeout))

	It("waits for a node that doesn't answer", func(ctx SpecContext) {
		write(ctx, 0, 1)
		var refused atomic.Int64
		// The API server answers like this when it cannot reach a kubelet.
		away := interceptedClient(namespace, func(r *http.Request, next http.RoundTripper) (*http.Response, error) {
			if isLog(r) && refused.Add(1) <= 3 {
				const status = `{"kind":"Status","apiVersion":"v1","status":"Failure","code":500,
					"reason":"InternalError","message":"dial tcp: refused"}`
				return &http.Response{
					StatusCode: http.StatusInternalServerError, Header: http.Header{"Content-Type": {"application/json"}},
					Body: io.NopCloser(strings.NewReader(status)), Request: r,
				}, nil
			}
			return next.RoundTrip(r)
		})
		var got []string
		for line, err := range away.Logs(ctx, name, workflow.LogOptions{Containers: []string{"main"}}) {
			Expect(err).NotTo(HaveOccurred())
			got = append(got, line.Text)
		}
		Expect(got).To(Equal([]string{"line 0 of main "}))
		Expect(refused.Load()).To(BeEquivalentTo(4))
	}, SpecTimeout(specTimeout))

	It("leaves nothing running when it is left", func(ctx SpecContext) {
		const lines = 50
		write(ctx, 0, lines)
		client := nativeClient(cluster.Config(), namespace)
		read := func(opts workflow.LogOptions, most int) (n int) {
			for _, err := range client.Logs(ctx, name, opts) {
				Expect(err).NotTo(HaveOccurred())
				if n++; n == most {
					return n
				}
			}
			return n
		}
		Expect(read(workflow.LogOptions{}, -1)).To(Equal(2 * lines)) // also opens the connection, which stays
		before := goleak.IgnoreCurrent()
		for _, most := range []int{1, lines, 2 * lines} {
			Expect(read(workflow.LogOptions{}, most)).To(Equal(most))
			Expect(read(workflow.LogOptions{Follow: true}, most)).To(Equal(most))
		}
		var written sync.WaitGroup
		written.Go(func() { // while the client follows
			defer GinkgoRecover()
			write(ctx, lines, lines+10)
		})
		Expect(read(workflow.LogOptions{Follow: true}, 2*lines+5)).To(Equal(2*lines + 5))
		written.Wait()
		Expect(goleak.Find(before)).To(Succeed())
	}, SpecTimeout(specTimeout))
})

func isLog(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/log") }

// cutter cuts the first few requests for each container's log, each some bytes later than the
// previous one. The lines of the last seconds are served again.
type cutter struct {
	step   int
	err    error // at the end of a log that was cut
	follow bool  // cut only followed logs
	made   atomic.Int64

	mu       sync.Mutex
	requests map[string]int
}

const cutsEach = 6

// roundTrip is an interceptor.
func (c *cutter) roundTrip(r *http.Request, next http.RoundTripper) (*http.Response, error) {
	resp, err := next.RoundTrip(r)
	query := r.URL.Query()
	if err != nil || !isLog(r) || resp.StatusCode != http.StatusOK || c.follow && query.Get("follow") == "" {
		return resp, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = map[string]int{}
	}
	n := c.requests[query.Get("container")]
	c.requests[query.Get("container")]++
	if n < cutsEach {
		resp.Body = &cutBody{ReadCloser: resp.Body, left: n*c.step + rand.IntN(c.step), of: c}
	}
	return resp, nil
}

// cutBody is a body that ends after some bytes.
type cutBody struct {
	io.ReadCloser
	left int
	of   *cutter
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		b.of.made.Add(1)
		return 0, b.of.err
	}
	n, err := b.ReadCloser.Read(p[:min(b.left, len(p))])
	b.left -= n
	return n, err
}
