package faults_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// deleteArchived deletes the workflows of the scene that are archived. It returns their number, and that of
// those that are left.
func (s *scene) deleteArchived(ctx context.Context) (removed, left int, err error) {
	in := argotest.Workflows(dyn, s.namespace)
	list, err := in.List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, 0, err
	}
	for i := range list.Items {
		if list.Items[i].GetLabels()[argotest.ArchivingStatus] != "Archived" {
			left++
			if err := argotest.ArchiveAgain(ctx, in, &list.Items[i]); err != nil {
				return removed, left, err
			}
			continue
		}
		if err := in.Delete(ctx, list.Items[i].GetName(), metav1.DeleteOptions{}); err != nil && !apierrors.IsNotFound(err) {
			return removed, left, err
		}
		removed++
	}
	return removed, left, nil
}

// collect deletes each workflow of the scene once it is archived, until none is left, and returns their number.
func (s *scene) collect(ctx context.Context) (collected int) {
	GinkgoHelper()
	Eventually(ctx, func() (int, error) {
		removed, left, err := s.deleteArchived(ctx)
		collected += removed
		return left, err
	}).WithTimeout(controllerTime).Should(BeZero(), "workflows that are not archived")
	return collected
}

// collectOn deletes each workflow of the scene once it is archived, until the returned function is called, which
// returns their number.
func (s *scene) collectOn(ctx context.Context) (stop func() int) {
	ctx, cancel := context.WithCancel(ctx)
	collected, ended := 0, make(chan struct{})
	go func() {
		defer close(ended)
		for sleep(ctx, breath) {
			removed, _, _ := s.deleteArchived(ctx) // what fails is tried again
			collected += removed
		}
	}()
	stop = func() int {
		cancel()
		<-ended
		return collected
	}
	DeferCleanup(func() { stop() })
	return stop
}

// waitLate waits for workflows that only the archive has, and reads them.
func (s *scene) waitLate(ctx context.Context, c *caller) *verdict {
	GinkgoHelper()
	h := held{byUID: map[string]*status.WorkflowStatus{}, byStart: map[string][]*status.WorkflowStatus{}}
	s.addArchived(ctx, h)
	Expect(h.byUID).NotTo(BeEmpty())
	v := &verdict{}
	var archived []*status.WorkflowStatus
	for _, st := range h.byUID {
		archived = append(archived, st)
	}
	each(len(archived), func(i int) {
		want := archived[i]
		waited, err := c.Wait(ctx, want.Name, workflow.Completed, workflow.WithUID(want.UID))
		v.returned("late wait", want, waited, err)
		read, err := c.Get(ctx, want.Name)
		v.returned("get", want, read, err)
	})
	v.InFlight = 2 * len(archived)
	return v
}

// returned judges a call that had to return what the archive has.
func (v *verdict) returned(call string, want, got *status.WorkflowStatus, err error) {
	switch {
	case v.failed(call+" of "+want.Name, err):
	case got.UID != want.UID || got.Outcome() != want.Outcome() || got.Source != status.SourceHistory || len(got.Nodes) != len(want.Nodes):
		v.wrong("%s of %s returned %s, which is %s", call, want.Name, got.UID, got.Outcome())
	}
}

// databaseDecisions are calls that need the database: starts with keys whose workflows are gone, and approvals
// of offloaded gates. Each is made by two clients at once.
type databaseDecisions struct {
	scene   *scene
	callers []*caller
	keys    map[string]types.UID
	rounds  [][]*ballot
	calls   sync.WaitGroup
	verdict *verdict
}

// ballot is a workflow with a gate that each client approves with a value of its own.
type ballot struct {
	name   string
	spoilt bool // the controller may have failed it

	mu  sync.Mutex
	won []string // the values of those whose call reported that it approved

	final *status.WorkflowStatus // in which it ended
	err   error                  // of the wait for that
}

// prepareDecisions makes what the decisions are about, some for each round. spoilt says that the controller may
// fail workflows.
func (s *scene) prepareDecisions(ctx context.Context, callers []*caller, rounds int, spoilt bool) *databaseDecisions {
	GinkgoHelper()
	d := &databaseDecisions{
		scene: s, callers: callers, keys: map[string]types.UID{}, rounds: make([][]*ballot, rounds),
		verdict: &verdict{},
	}
	var mu sync.Mutex
	each(form(8, 20), func(i int) {
		defer GinkgoRecover()
		key := fmt.Sprint("past-", i)
		started, err := s.steer.Start(ctx, workflow.StartRequest{Template: "quick", IdempotencyKey: key})
		Expect(err).NotTo(HaveOccurred())
		mu.Lock()
		defer mu.Unlock()
		d.keys[key] = started.UID
	})
	s.collect(ctx)
	for i := range d.rounds {
		d.rounds[i] = make([]*ballot, form(6, 15))
		each(len(d.rounds[i]), func(j int) {
			defer GinkgoRecover()
			started, err := s.steer.Start(ctx, workflow.StartRequest{Template: "approval"})
			Expect(err).NotTo(HaveOccurred())
			_, err = s.steer.Wait(ctx, started.Name, workflow.Suspended)
			Expect(err).NotTo(HaveOccurred())
			d.rounds[i][j] = &ballot{name: started.Name, spoilt: spoilt}
		})
	}
	return d
}

// begin makes the calls of the next round, in the background.
func (d *databaseDecisions) begin(ctx context.Context) {
	next := d.rounds[0]
	d.rounds = append(d.rounds[1:], next) // judge goes through all
	d.verdict.mu.Lock()
	d.verdict.InFlight += len(d.callers) * (len(next) + len(d.keys))
	d.verdict.mu.Unlock()
	for i, c := range d.callers {
		for _, b := range next {
			d.calls.Go(func() { d.approve(ctx, c, b, fmt.Sprint("client-", i)) })
		}
		for key, uid := range d.keys {
			d.calls.Go(func() { d.startAgain(ctx, c, key, uid) })
		}
	}
}

func (d *databaseDecisions) approve(ctx context.Context, c *caller, b *ballot, value string) {
	result, err := c.Approve(ctx, b.name, workflow.Decision{Gates: []string{"approve"}, Outputs: map[string]any{"by": value}, By: value})
	switch {
	case errors.Is(err, workflow.ErrNotSuspended) || errors.Is(err, workflow.ErrCompleted): // another client was first
	case d.verdict.failed("approve "+b.name, err):
	case len(result.Gates) > 0:
		b.mu.Lock()
		defer b.mu.Unlock()
		b.won = append(b.won, value)
	}
}

func (d *databaseDecisions) startAgain(ctx context.Context, c *caller, key string, uid types.UID) {
	again, err := c.Start(ctx, workflow.StartRequest{Template: "quick", IdempotencyKey: key})
	switch {
	case d.verdict.failed("start of "+key, err):
	case again.UID != uid:
		d.verdict.duplicated(1, "%s had started %s, and now %s", key, uid, again.UID)
	case !again.Found || again.Source != status.SourceHistory:
		d.verdict.wrong("%s was not found in the archive", key)
	}
}

// judge waits for the end of the calls and of the workflows, and adds the verdict on them.
func (d *databaseDecisions) judge(ctx context.Context, v *verdict) {
	GinkgoHelper()
	d.calls.Wait()
	approved := 0
	for _, b := range slices.Concat(d.rounds...) {
		within, cancel := context.WithTimeout(ctx, time.Minute)
		b.final, b.err = d.scene.steer.Wait(within, b.name, workflow.Completed)
		cancel()
		b.judge(d.verdict)
		if b.err == nil && b.final.Outcome() == status.OutcomeSucceeded {
			approved++
		}
	}
	Expect(approved).To(BeNumerically(">", 0), "workflows that went on after their approval")
	v.add(d.verdict)
}

// judge compares what the clients were told with the workflow.
func (b *ballot) judge(v *verdict) {
	if b.err != nil {
		v.lost("approval of %s: %v", b.name, b.err)
		return
	}
	value, _ := b.final.OutputParameter(status.NodeNamed("approve"), "by")
	switch {
	case b.spoilt && b.final.Phase == status.PhaseError:
	case len(b.won) == 0:
		v.lost("no client was told to have approved %s, which has %q", b.name, value)
	case len(b.won) > 1:
		v.duplicated(len(b.won)-1, "%s was approved by %v", b.name, b.won)
	case value != b.won[0] || b.final.Outcome() != status.OutcomeSucceeded:
		v.wrong("%s was approved by %s, has %q and %s", b.name, b.won[0], value, describe(b.final))
	}
}
