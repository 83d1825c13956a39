package specs_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// collectedAtOnce is deleted by the controller when it has ended, so that only a journal knows it then.
const collectedAtOnce = `
metadata: {generateName: collected-}
spec:
  entrypoint: main
  ttlStrategy: {secondsAfterCompletion: 0}
  templates:
  - {name: main, suspend: {duration: "0"}}
`

const collectedAfterAGate = `
metadata: {generateName: gate-}
spec:
  entrypoint: main
  ttlStrategy: {secondsAfterCompletion: 10} # in which a Wait that begins after the decision sees the end
  templates:
  - name: main
    steps:
    - - {name: approve, template: approve}
  - {name: approve, suspend: {}}
`

// Clients of two processes share a file, without an archive.
var _ = Describe("a journal", func() {
	clients := func(namespace string) (client, other *workflow.WorkflowClient, history *journal.Journal) {
		GinkgoHelper()
		path := filepath.Join(GinkgoT().TempDir(), "journal.db")
		open := func() *journal.Journal {
			j := must(journal.OpenSQLite(context.Background(), path, journal.Options{OnError: func(err error) { GinkgoLogr.Error(err, "journal") }}))
			DeferCleanup(j.Close)
			return j
		}
		with := func(j *journal.Journal) *workflow.WorkflowClient {
			return must(workflow.NewForConfig(cluster.Config(), workflow.Options{Namespace: namespace, History: j}))
		}
		history = open()
		return with(history), with(open()), history
	}

	startTwice := func(ctx context.Context, keys int) {
		GinkgoHelper()
		namespace := newNamespace(ctx)
		in := argotest.Workflows(dyn, namespace)
		first, other, _ := clients(namespace)
		created := countCreated(ctx, in)
		began := time.Now()
		var ended atomic.Int64
		Expect(forEach(keys, func(i int) error {
			req := workflow.StartRequest{Manifest: []byte(collectedAtOnce), IdempotencyKey: fmt.Sprint("key-", i)}
			started, err := first.Start(ctx, req)
			if err != nil {
				return err
			}
			var unseen *workflow.GoneError
			_, err = first.Wait(ctx, started.Name, workflow.Completed, workflow.WithUID(started.UID))
			switch {
			case err == nil:
				ended.Add(1)
			case !errors.As(err, &unseen): // it was collected before the wait began
				return err
			}
			awaitDeleted(ctx, in, started.Name)
			again, err := other.Start(ctx, req)
			switch {
			case err != nil:
				return err
			case !again.Found || again.UID != started.UID || again.Source != status.SourceHistory:
				return fmt.Errorf("%s was started again: %+v", started.Name, again)
			case unseen == nil && !again.Completed():
				return fmt.Errorf("the end of %s is lost", started.Name)
			}
			return nil
		})).To(Succeed())
		Expect(created()).To(Equal(keys))
		AddReportEntry(fmt.Sprint(keys, " keys, each started twice, took"),
			fmt.Sprintf("%v; the ends of %d were seen", time.Since(began).Round(time.Second), ended.Load()))
	}

	It("makes each key once, although their workflows are collected at once", func(ctx SpecContext) {
		startTwice(ctx, fewKeys)
	}, SpecTimeout(specTimeout))

	It("makes each of a thousand keys once", labelRare, func(ctx SpecContext) {
		startTwice(ctx, manyKeys)
	}, SpecTimeout(lengthTimeout))

	It("knows how a workflow that is gone has ended, and who decided", func(ctx SpecContext) {
		namespace := newNamespace(ctx)
		client, other, history := clients(namespace)
		started := must(client.Start(ctx, workflow.StartRequest{Manifest: []byte(collectedAfterAGate), IdempotencyKey: "k"}))
		must(client.Wait(ctx, started.Name, workflow.Suspended))
		must(client.Approve(ctx, started.Name, workflow.Decision{All: true, By: "jo", Message: "looks right"}))
		must(client.Wait(ctx, started.Name, workflow.Completed))
		awaitDeleted(ctx, argotest.Workflows(dyn, namespace), started.Name)

		past := must(other.Get(ctx, started.Name))
		Expect(past.Source).To(Equal(status.SourceHistory))
		Expect(past.UID).To(Equal(started.UID))
		Expect(past.Outcome()).To(Equal(status.OutcomeSucceeded))
		Expect(past.NodesErr).To(BeNil())
		Expect(past.Nodes).To(HaveLen(3))
		Expect(must(other.Wait(ctx, started.Name, workflow.Completed)).UID).To(Equal(started.UID))
		decisions := must(history.Decisions(ctx, namespace, started.UID))
		Expect(decisions).To(HaveLen(1))
		Expect(decisions[0].By).To(Equal("jo"))
		Expect(decisions[0].Message).To(Equal("looks right"))
		Expect(decisions[0].Gates).To(Equal([]string{"approve"}))
		Expect(second(other.Resubmit(ctx, started.Name, workflow.ResubmitOptions{}))).To(MatchError(workflow.ErrUnsupported))
	}, SpecTimeout(specTimeout))
})
