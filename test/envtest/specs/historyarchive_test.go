package specs_test

import (
	"context"
	"fmt"
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// describeArchived is about workflows that only the archive has.
func describeArchived(begin func(context.Context) *historyScene) {
	inHistory := HaveField("Source", status.SourceHistory)
	var (
		s              *historyScene
		failed, passed *status.WorkflowStatus // as they had ended
	)
	BeforeEach(func(ctx SpecContext) {
		s = begin(ctx)
		failed = s.endAndCollect(ctx, s.atGate(ctx, map[string]string{"team": "a"}), status.OutcomeFailed)
		passed = s.endAndCollect(ctx, s.atGate(ctx, map[string]string{"team": "b"}), status.OutcomeSucceeded)
	}, NodeTimeout(specTimeout))

	It("reads, waits for and watches what is gone", func(ctx SpecContext) {
		for _, of := range []*status.WorkflowStatus{failed, passed} {
			asItEnded := And(inHistory, HaveField("UID", of.UID), HaveField("Phase", of.Phase), HaveField("NodesErr", BeNil()),
				HaveField("Nodes", HaveLen(len(of.Nodes))), HaveField("EndTime", BeTemporally("==", of.EndTime)))
			Expect(s.client.Get(ctx, of.Name)).To(asItEnded)
			Expect(s.client.Wait(ctx, of.Name, workflow.Completed)).To(asItEnded)
			Expect(s.client.Wait(ctx, of.Name, workflow.Completed, workflow.WithUID(of.UID))).To(asItEnded)
			states := 0
			for state, err := range s.client.Watch(ctx, of.Name, workflow.WithUID(of.UID)) {
				Expect(must(state, err)).To(asItEnded)
				states++
			}
			Expect(states).To(Equal(1))
			Expect(second(s.client.Wait(ctx, of.Name, workflow.AtGate("gate")))).To(HaveOccurred(), "it has ended")
			Expect(second(s.client.Wait(ctx, of.Name, workflow.Completed, workflow.WithUID("another")))).
				To(MatchError(workflow.ErrDeleted))
			Expect(s.client.Gates(ctx, of.Name)).To(BeEmpty())
		}
		uids := map[string]types.UID{failed.Name: failed.UID, passed.Name: passed.UID}
		results := map[string]types.UID{}
		for name, result := range workflow.WaitMany(ctx, s.client, []string{failed.Name, passed.Name}, workflow.Completed, workflow.WithUIDs(uids)) {
			results[name] = must(result.Unwrap()).UID
		}
		Expect(results).To(Equal(uids))

		By("not taking it for one of the cluster")
		for line, err := range s.client.Logs(ctx, failed.Name, workflow.LogOptions{}) {
			Expect(line).To(BeZero())
			Expect(err).To(MatchError(workflow.ErrNotFound))
		}
		Expect(s.client.Delete(ctx, failed.Name, workflow.DeleteOptions{})).To(MatchError(workflow.ErrNotFound))
		if objects, ok := s.client.(interface {
			GetObject(ctx context.Context, name string) (*unstructured.Unstructured, error)
		}); ok {
			Expect(second(objects.GetObject(ctx, failed.Name))).To(MatchError(workflow.ErrNotFound))
		}
	}, SpecTimeout(specTimeout))

	It("changes nothing of it", func(ctx SpecContext) {
		for _, of := range []*status.WorkflowStatus{failed, passed} {
			for verb, call := range map[string]func(uid types.UID) error{
				"suspend": func(uid types.UID) error { return s.client.Suspend(ctx, of.Name, workflow.SuspendOptions{UID: uid}) },
				"resume": func(uid types.UID) error {
					return second(s.client.Resume(ctx, of.Name, workflow.ResumeOptions{UID: uid}))
				},
				"stop": func(uid types.UID) error { return s.client.Stop(ctx, of.Name, workflow.StopOptions{UID: uid}) },
				"terminate": func(uid types.UID) error {
					return s.client.Terminate(ctx, of.Name, workflow.TerminateOptions{UID: uid})
				},
				"approve": func(uid types.UID) error {
					return second(s.client.Approve(ctx, of.Name, workflow.Decision{Gates: []string{"nobody"}, UID: uid}))
				},
			} {
				Expect(call(of.UID)).To(MatchError(workflow.ErrCompleted), verb)
				Expect(call("another")).To(MatchError(workflow.ErrNotFound), verb)
			}
		}
		By("repeating the decision that it has")
		Expect(must(s.client.Reject(ctx, failed.Name, decided())).Gates).To(BeEmpty())
		Expect(must(s.client.Approve(ctx, passed.Name, decided())).Gates).To(BeEmpty())
		Expect(second(s.client.Approve(ctx, failed.Name, decided()))).To(MatchError(workflow.ErrCompleted))
		Expect(must(s.in.List(ctx, metav1.ListOptions{})).Items).To(BeEmpty())
	}, SpecTimeout(specTimeout))

	It("lists it after the workflows of the cluster, once", func(ctx SpecContext) {
		live := s.atGate(ctx, map[string]string{"team": "a"})
		done := s.atGate(ctx, map[string]string{"team": "c"})
		must(s.client.Approve(ctx, done.Name, decided()))
		s.ends(ctx, done, status.OutcomeSucceeded)
		awaitArchived(ctx, s.in, done.Name) // in both

		all := s.listed(ctx, workflow.ListOptions{Archived: true})
		Expect(all[:2]).To(ConsistOf(live.Name, done.Name))
		Expect(all[2:]).To(ConsistOf(passed.Name, failed.Name))
		Expect(s.listed(ctx, workflow.ListOptions{})).To(ConsistOf(live.Name, done.Name))
		Expect(s.listed(ctx, workflow.ListOptions{Archived: true, PageSize: 1})).To(Equal(all))
		for _, tc := range []struct {
			opts workflow.ListOptions
			want []string
		}{
			{workflow.ListOptions{LabelSelector: "team=a"}, []string{live.Name, failed.Name}},
			{workflow.ListOptions{LabelSelector: "team in (b, c)"}, []string{done.Name, passed.Name}},
			{workflow.ListOptions{LabelSelector: "team!=a"}, []string{done.Name, passed.Name}},
			{workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeFailed}}, []string{failed.Name}},
			{workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended, status.OutcomeFailed}}, []string{live.Name, failed.Name}},
			{workflow.ListOptions{Outcomes: status.UnfinishedOutcomes()}, []string{live.Name}},
			{workflow.ListOptions{FinishedBefore: time.Now().Add(time.Hour)}, []string{done.Name, passed.Name, failed.Name}},
			{workflow.ListOptions{FinishedBefore: failed.EndTime}, nil},
			{workflow.ListOptions{CreatedBefore: failed.CreationTime.Add(time.Second), LabelSelector: "team=a"}, []string{failed.Name}},
			{workflow.ListOptions{CreatedAfter: time.Now().Add(time.Hour)}, nil},
			{workflow.ListOptions{Template: "none"}, nil},
		} {
			if tc.opts.CreatedBefore.After(live.CreationTime) {
				continue // they were created in the same second
			}
			tc.opts.Archived = true
			Expect(s.listed(ctx, tc.opts)).To(ConsistOf(tc.want), "%+v", tc.opts)
		}
		for listed, err := range s.client.List(ctx, workflow.ListOptions{Archived: true, LabelSelector: "team=b"}) {
			Expect(must(listed, err)).To(inHistory)
			break
		}
		Expect(s.client.Stop(ctx, live.Name, workflow.StopOptions{})).To(Succeed())
	}, SpecTimeout(specTimeout))

	It("runs it again: as a copy, or under its name", func(ctx SpecContext) {
		copied := must(s.client.Resubmit(ctx, passed.Name, workflow.ResubmitOptions{}))
		Expect(copied.Name).NotTo(Equal(passed.Name))
		s.reachesGate(ctx, copied)
		must(s.client.Approve(ctx, copied.Name, decided()))
		s.ends(ctx, copied, status.OutcomeSucceeded)

		Expect(second(s.client.Retry(ctx, passed.Name, workflow.RetryOptions{}))).To(MatchError(workflow.ErrInvalid), "it succeeded")
		retried := must(s.client.Retry(ctx, failed.Name, workflow.RetryOptions{}))
		Expect(retried.UID).NotTo(Equal(failed.UID))
		Expect(retried.Name).To(Equal(failed.Name))
		Expect(len(retried.Nodes)).To(BeNumerically(">", skippedNodes), "those that had succeeded")
		Expect(second(s.client.Retry(ctx, failed.Name, workflow.RetryOptions{}))).To(MatchError(workflow.ErrNotCompleted))
		s.reachesGate(ctx, retried)
		Expect(s.client.Wait(ctx, failed.Name, workflow.Completed, workflow.WithUID(failed.UID))).
			To(And(inHistory, HaveField("Phase", status.PhaseFailed)), "though another one has its name")
		must(s.client.Approve(ctx, failed.Name, decided()))
		s.ends(ctx, retried, status.OutcomeSucceeded)
		s.collect(ctx, failed.Name)
		Expect(s.client.Get(ctx, failed.Name)).To(And(HaveField("UID", retried.UID), HaveField("Phase", status.PhaseSucceeded)),
			"the newest of the name")
		Expect(s.listed(ctx, workflow.ListOptions{Archived: true, LabelSelector: "team=a"})).
			To(ConsistOf(failed.Name, failed.Name), "two workflows")
	}, SpecTimeout(specTimeout))

	It("starts a key once, also after its workflow is gone", func(ctx SpecContext) {
		request := workflow.StartRequest{Manifest: []byte(waitsNoTime), IdempotencyKey: "once", Labels: map[string]string{"team": "k"}}
		first := must(s.client.Start(ctx, request))
		Expect(first.Found).To(BeFalse())
		s.ends(ctx, first.WorkflowStatus, status.OutcomeSucceeded)
		s.collect(ctx, first.Name)
		for _, request := range []workflow.StartRequest{request, {Manifest: request.Manifest, IdempotencyKey: "once", Labels: request.Labels, DryRun: true}} {
			again := must(s.clientWith(workflow.Options{}).Start(ctx, request))
			Expect(again.Found).To(BeTrue())
			Expect(again.WorkflowStatus).To(And(inHistory, HaveField("UID", first.UID), HaveField("Phase", status.PhaseSucceeded)))
		}
		request.Labels = map[string]string{"team": "other"}
		Expect(second(s.client.Start(ctx, request))).To(MatchError(workflow.ErrIdempotencyMismatch))
		Expect(must(s.in.List(ctx, metav1.ListOptions{})).Items).To(BeEmpty())

		By("starting another one under the name of an archived one, which counts for nothing")
		other := must(s.client.Start(ctx, workflow.StartRequest{Manifest: []byte(waitsNoTime), Name: failed.Name}))
		Expect(other.Found).To(BeFalse())
		s.ends(ctx, other.WorkflowStatus, status.OutcomeSucceeded)
		Expect(s.client.Get(ctx, failed.Name)).To(And(HaveField("UID", other.UID), HaveField("Source", status.SourceLive)))
	}, SpecTimeout(specTimeout))
}

// describeArchivedPermissions is about the permissions that a Retry of such a workflow needs.
func describeArchivedPermissions(begin func(context.Context) *historyScene) {
	It("needs the permissions that it says to create a workflow again, and each of them", func(ctx SpecContext) {
		s := begin(ctx)
		failed := s.endAndCollect(ctx, s.atGate(ctx, nil), status.OutcomeFailed)
		as := func(requirements []workflow.Requirement) *workflow.WorkflowClient {
			GinkgoHelper()
			allowed := map[string][]string{}
			for _, r := range requirements {
				if !r.Optional {
					allowed[r.Resource] = append(allowed[r.Resource], r.Verb)
				}
			}
			return must(workflow.NewForConfig(s.own.restricted(ctx, s.namespace, allowed),
				workflow.Options{Namespace: s.namespace, History: s.own.History, NodeStore: s.own.NodeStore}))
		}
		all := as(nil).Requirements(workflow.OpRetry)
		retry := func(client *workflow.WorkflowClient) error {
			return second(client.Retry(ctx, failed.Name, workflow.RetryOptions{}))
		}
		ofHistory := 0
		for _, r := range all {
			if r.Part != "a workflow of Options.History" {
				continue
			}
			ofHistory++
			without := slices.DeleteFunc(slices.Clone(all), func(other workflow.Requirement) bool { return other.Permission == r.Permission })
			client := as(without)
			Eventually(ctx, func() error { return second(client.Get(ctx, failed.Name)) }).Should(Succeed(), "the role is known")
			Expect(retry(client)).To(MatchError(workflow.ErrForbidden), "without %+v", r.Permission)
		}
		Expect(ofHistory).To(BeNumerically(">", 1))
		Expect(must(s.in.List(ctx, metav1.ListOptions{})).Items).To(BeEmpty(), "nothing was created")
		client := as(all)
		Eventually(ctx, func() error { return retry(client) }).Should(Succeed())
		Expect(s.client.Stop(ctx, failed.Name, workflow.StopOptions{})).To(Succeed())
	}, SpecTimeout(specTimeout))
}

// describeHandOver is about the moment at which a workflow goes from the cluster to the archive.
func describeHandOver(begin func(context.Context) *historyScene) {
	It("has a workflow at every moment of its way into the archive", func(ctx SpecContext) {
		s := begin(ctx)
		for i := range 3 {
			request := workflow.StartRequest{Manifest: []byte(waitsNoTime), IdempotencyKey: fmt.Sprint("key-", i)}
			started := must(s.client.Start(ctx, request))
			reads := map[string]func() (*status.WorkflowStatus, error){
				"get": func() (*status.WorkflowStatus, error) { return s.client.Get(ctx, started.Name) },
				"wait": func() (*status.WorkflowStatus, error) {
					return s.client.Wait(ctx, started.Name, workflow.Completed, workflow.WithUID(started.UID))
				},
				"start": func() (*status.WorkflowStatus, error) {
					found, err := s.client.Start(ctx, request)
					if err != nil {
						return nil, err
					}
					return found.WorkflowStatus, nil
				},
				"list": func() (found *status.WorkflowStatus, _ error) {
					for listed, err := range s.client.List(ctx, workflow.ListOptions{Archived: true}) {
						switch {
						case err != nil:
							return nil, err
						case listed.UID == started.UID && found != nil:
							return nil, fmt.Errorf("%s is listed twice", started.Name)
						case listed.UID == started.UID:
							found = listed
						}
					}
					if found == nil {
						return nil, fmt.Errorf("%s is not listed", started.Name)
					}
					return found, nil
				},
			}
			over := make(chan struct{})
			var readers errgroup.Group
			for verb, read := range reads {
				readers.Go(func() error {
					for {
						state, err := read()
						switch {
						case err != nil:
							return fmt.Errorf("%s: %w", verb, err)
						case state.UID != started.UID:
							return fmt.Errorf("%s: UID %s", verb, state.UID)
						}
						select {
						case <-over:
							return nil
						default:
						}
					}
				})
			}
			s.collect(ctx, started.Name)
			close(over)
			Expect(readers.Wait()).To(Succeed())
			for verb, read := range reads {
				Expect(read()).To(And(HaveField("Source", status.SourceHistory), HaveField("UID", started.UID)), verb)
			}
		}
	}, SpecTimeout(specTimeout))
}
