package specs_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

const (
	// fewKeys and manyKeys are how many keys are started twice, in make test and at length.
	fewKeys, manyKeys = 20, 1000
	// startsAtOnce is how many of them are started at the same time.
	startsAtOnce = 10
)

// expiring returns the manifest of a workflow that ends at once. The controller deletes it so many seconds later.
func expiring(seconds int) string {
	return fmt.Sprintf(`
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata: {generateName: expiring-}
spec:
  entrypoint: main
  ttlStrategy: {secondsAfterCompletion: %d}
  templates:
  - {name: main, suspend: {duration: "0"}}
`, seconds)
}

// describeExpiry is about keys whose workflows the controller itself deletes, with nothing but Argo's archive
// to remember them.
func describeExpiry(begin func(context.Context) *historyScene, opts envtest.Options) {
	It("starts each key once, though the controller has deleted the workflows", func(ctx SpecContext) {
		begin(ctx).startExpiringTwice(ctx, fewKeys, expiring(0))
	}, SpecTimeout(specTimeout))

	if opts.Database == envtest.PostgreSQL && !opts.AlwaysOffload { // which only make test-matrix starts
		It("starts each of a thousand keys once, though the controller has deleted the workflows", func(ctx SpecContext) {
			begin(ctx).startExpiringTwice(ctx, manyKeys, expiring(30))
		}, SpecTimeout(lengthTimeout))
	}
}

// startExpiringTwice starts keys, and again by another client after their workflows have expired. It counts
// the runs in the cluster and the archive.
func (s *historyScene) startExpiringTwice(ctx context.Context, keys int, manifest string) {
	GinkgoHelper()
	request := func(i int) workflow.StartRequest {
		return workflow.StartRequest{
			Manifest: []byte(manifest), IdempotencyKey: fmt.Sprint("key-", i), Labels: map[string]string{"batch": "keys"},
		}
	}
	began := time.Now()
	created := countCreated(ctx, s.in)
	uids := make([]types.UID, keys)
	Expect(forEach(keys, func(i int) error {
		started, err := s.client.Start(ctx, request(i))
		if err != nil {
			return err
		}
		uids[i] = started.UID
		return nil
	})).To(Succeed())

	By("waiting until the controller has deleted all of them")
	Eventually(ctx, func() (left []string, err error) {
		list, err := s.in.List(ctx, metav1.ListOptions{})
		if err != nil {
			return nil, err
		}
		for _, wf := range list.Items {
			left = append(left, fmt.Sprint(wf.GetName(), wf.GetLabels(), wf.Object["status"]))
			if err := argotest.ArchiveAgain(ctx, s.in, &wf); err != nil {
				return nil, err
			}
		}
		return left, nil
	}).WithTimeout(specTimeout).WithPolling(time.Second).Should(BeEmpty())

	By("starting them again")
	other := s.clientWith(workflow.Options{})
	Expect(forEach(keys, func(i int) error {
		again, err := other.Start(ctx, request(i))
		switch {
		case err != nil:
			return err
		case !again.Found || again.UID != uids[i] || again.Source != status.SourceHistory || !again.Completed():
			return fmt.Errorf("key %d: %s was started again, as %s", i, uids[i], again.UID)
		}
		return nil
	})).To(Succeed())

	runs := map[types.UID]bool{}
	for archived, err := range s.own.List(ctx, workflow.HistoryQuery{
		Namespace: s.namespace, Selector: labels.SelectorFromSet(labels.Set{"batch": "keys"}),
	}) {
		runs[must(archived, err).GetUID()] = true
	}
	for _, live := range must(s.in.List(ctx, metav1.ListOptions{LabelSelector: "batch=keys"})).Items {
		runs[live.GetUID()] = true
	}
	Expect(runs).To(HaveLen(keys))
	Expect(created()).To(Equal(keys))
	AddReportEntry(fmt.Sprint(keys, " keys, each started twice, took"), time.Since(began).Round(time.Second).String())
}

// forEach calls do for 0 to n-1, some at a time.
func forEach(n int, do func(i int) error) error {
	var group errgroup.Group
	group.SetLimit(startsAtOnce)
	for i := range n {
		group.Go(func() error {
			defer GinkgoRecover()
			return do(i)
		})
	}
	return group.Wait()
}

// countCreated counts the workflows that are created from now on, also those that are deleted at once, as the
// API server reports them. The returned function returns the number.
func countCreated(ctx context.Context, in dynamic.ResourceInterface) func() int {
	GinkgoHelper()
	now := must(in.List(ctx, metav1.ListOptions{})).GetResourceVersion()
	// An API server that is busy ends watches that don't keep up; this one goes on where it was.
	events := must(watchtools.NewRetryWatcherWithContext(context.WithoutCancel(ctx), now, &cache.ListWatch{WatchFuncWithContext: in.Watch}))
	var mu sync.Mutex
	created := map[types.UID]bool{}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for event := range events.ResultChan() {
			if wf, ok := event.Object.(*unstructured.Unstructured); ok {
				mu.Lock()
				created[wf.GetUID()] = true
				mu.Unlock()
			}
		}
	}()
	DeferCleanup(func() {
		events.Stop()
		<-ended
	})
	return func() int {
		GinkgoHelper()
		// Events are in order, so when this one was seen, all before it were.
		last := argotest.Object(waitsNoTime)
		last.SetLabels(map[string]string{"workflows.argoproj.io/controller-instanceid": "nobody"})
		marker := must(in.Create(ctx, last, metav1.CreateOptions{})).GetUID()
		count := func() int {
			mu.Lock()
			defer mu.Unlock()
			if !created[marker] {
				return -1
			}
			return len(created) - 1
		}
		Eventually(ctx, count).ShouldNot(Equal(-1))
		return count()
	}
}
