package specs_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// openWatches records the open watches of a client.
type openWatches struct {
	mu   sync.Mutex
	open map[*watchBody]string // to the selectors in the query
}

// roundTrip is an interceptor.
func (o *openWatches) roundTrip(r *http.Request, next http.RoundTripper) (*http.Response, error) {
	resp, err := next.RoundTrip(r)
	query := r.URL.Query()
	if err == nil && query.Get("watch") != "" && resp.StatusCode == http.StatusOK {
		body := &watchBody{ReadCloser: resp.Body, of: o}
		resp.Body = body
		o.mu.Lock()
		defer o.mu.Unlock()
		o.open[body] = query.Get("fieldSelector") + ";" + query.Get("labelSelector")
	}
	return resp, err
}

// selectors returns the selectors of the open watches.
func (o *openWatches) selectors() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Sorted(maps.Values(o.open))
}

type watchBody struct {
	io.ReadCloser

	of *openWatches
}

// Close implements io.Closer.
func (b *watchBody) Close() error {
	b.of.mu.Lock()
	delete(b.of.open, b)
	b.of.mu.Unlock()
	return b.ReadCloser.Close()
}

var _ = Describe("waits of one client", func() {
	It("share a watch of the namespace when they are many, by what they have in common", func(ctx SpecContext) {
		const few, many = 3, 12
		namespace := newNamespace(ctx)
		template := createTemplate(ctx, namespace)
		watches := &openWatches{open: map[*watchBody]string{}}
		client := interceptedClient(namespace, watches.roundTrip)
		other := must(client.Start(ctx, workflow.StartRequest{Template: template, Name: "nobody-waits"}))

		ends := make(chan error, many)
		var waiting sync.WaitGroup
		defer waiting.Wait()
		follow := func(i int) {
			name := fmt.Sprint("w", i)
			labels := map[string]string{"n": name, "team": "search"}
			must(client.Start(ctx, workflow.StartRequest{Template: template, Name: name, Labels: labels}))
			waiting.Go(func() { ends <- second(client.Wait(ctx, name, workflow.Completed)) })
		}
		for i := range few {
			follow(i)
		}
		Eventually(ctx, watches.selectors).Should(HaveExactElements("metadata.name=w0;", "metadata.name=w1;", "metadata.name=w2;"))
		for i := few; i < many; i++ {
			follow(i)
		}
		Eventually(ctx, watches.selectors).Should(HaveExactElements(";team=search,workflows.argoproj.io/workflow-template=" + template))
		for i := range many {
			must(client.Wait(ctx, fmt.Sprint("w", i), workflow.Suspended))
		}

		By("noticing that a label was changed, and that another workflow was deleted")
		mergePatch(ctx, argotest.Workflows(dyn, namespace), "w0", `{"metadata":{"labels":{"team":null}}}`)
		Eventually(ctx, watches.selectors).Should(HaveExactElements(";workflows.argoproj.io/workflow-template=" + template))
		Expect(client.Delete(ctx, "w1", workflow.DeleteOptions{})).To(Succeed())
		Eventually(ctx, ends).Should(Receive(MatchError(workflow.ErrDeleted)))
		Consistently(ctx, ends).ShouldNot(Receive())

		By("bringing every end, and a watch for each of the last ones")
		for i := range many {
			if i != 1 {
				must(client.Resume(ctx, fmt.Sprint("w", i), workflow.ResumeOptions{}))
			}
		}
		for range many - 1 {
			Eventually(ctx, ends).Should(Receive(Succeed()))
		}
		waiting.Wait()
		Expect(watches.selectors()).To(BeEmpty())
		Expect(client.Delete(ctx, other.Name, workflow.DeleteOptions{})).To(Succeed())
	}, SpecTimeout(specTimeout))
})
