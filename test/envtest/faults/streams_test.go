package faults_test

import (
	"fmt"
	"net/http"
	"path"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// A proxy resets HTTP/2 streams, while the connection and its other streams stay intact.
var _ = Describe("waits and starts go on", func() {
	const lists = "lists"
	DescribeTable("while HTTP/2 streams are reset",
		func(ctx SpecContext, kind string, which func(*http.Request) bool) {
			s := newScene(ctx)
			var met, watches atomic.Int64
			proxy := s.answers(faults.AnswersOptions{
				Reset: func(r *http.Request) bool { return which(r) && met.Add(1)%2 == 1 }, // beginning with the first one
				// Every third watch begins at a version that the server no longer has, because only
				// that causes further lists after the first.
				Request: func(r *http.Request) {
					if kind == lists && faults.IsWatch(r) && watches.Add(1)%3 == 0 {
						query := r.URL.Query()
						query.Set("resourceVersion", "1")
						r.URL.RawQuery = query.Encode()
					}
				},
			})
			line := s.line(proxy.Config())
			trial{
				fault:    fmt.Sprintf("HTTP/2 streams reset in the middle of %s", kind),
				waits:    form(30, 200),
				starts:   form(15, 80),
				rounds:   form(4, 20),
				callers:  []*caller{s.caller(proxy.Config(), line)},
				inject:   cutting(line),
				injected: proxy.Resets,
				// A watch that all waits share shows two events of all of them until it is reset.
				within: 3 * time.Minute,
			}.run(ctx, s)
			Expect(proxy.Resets()).To(BeNumerically(">", 0), "streams that were reset")
		},
		Entry("in the middle of lists", lists, isList, SpecTimeout(6*time.Minute)),
		Entry("in the middle of gets", "gets", isGet, SpecTimeout(6*time.Minute)),
		Entry("in the middle of watches", "watches", faults.IsWatch, SpecTimeout(6*time.Minute)),
	)
})

func isList(r *http.Request) bool {
	return r.Method == http.MethodGet && !faults.IsWatch(r) && path.Base(r.URL.Path) == "workflows"
}

func isGet(r *http.Request) bool {
	return r.Method == http.MethodGet && path.Base(path.Dir(r.URL.Path)) == "workflows"
}
