package conformance

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func describeList(f *Fixture) {
	list := func(ctx context.Context, opts workflow.ListOptions) []string {
		GinkgoHelper()
		names := []string{}
		for _, s := range collect(f.Client.List(ctx, opts)) {
			names = append(names, s.Name)
		}
		return names
	}

	Describe("List", func() {
		It("finds workflows by label, state, template and age", Label(NeedsClusterTemplates), func(ctx SpecContext) {
			Expect(list(ctx, workflow.ListOptions{})).To(BeEmpty())
			gates, ends := f.template(ctx, gate), f.clusterTemplate(ctx, clusterWide)
			waiting := f.start(ctx, workflow.StartRequest{Template: gates, Name: "a-waiting", Labels: map[string]string{"team": "search"}})
			stopped := f.start(ctx, workflow.StartRequest{Template: gates, Name: "b-stopped", Labels: map[string]string{"team": "other"}})
			f.start(ctx, workflow.StartRequest{Template: ends, ClusterScope: true, Name: "c-ended"})
			f.wait(ctx, "a-waiting", workflow.Suspended)
			f.wait(ctx, "b-stopped", workflow.Suspended)
			f.wait(ctx, "c-ended", workflow.Completed)
			Expect(f.Client.Stop(ctx, "b-stopped", workflow.StopOptions{})).To(Succeed())
			f.wait(ctx, "b-stopped", workflow.Completed)

			for _, tc := range []struct {
				opts workflow.ListOptions
				want []string
			}{
				{workflow.ListOptions{}, []string{"a-waiting", "b-stopped", "c-ended"}},
				{workflow.ListOptions{LabelSelector: "team=search"}, []string{"a-waiting"}},
				{workflow.ListOptions{LabelSelector: "team"}, []string{"a-waiting", "b-stopped"}},
				{workflow.ListOptions{Outcomes: status.UnfinishedOutcomes()}, []string{"a-waiting"}},
				{workflow.ListOptions{Outcomes: status.CompletedOutcomes()}, []string{"b-stopped", "c-ended"}},
				{workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeSuspended}}, []string{"a-waiting"}},
				{workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeStopped, status.OutcomeSuspended}}, []string{"a-waiting", "b-stopped"}},
				{workflow.ListOptions{Outcomes: []status.Outcome{status.OutcomeStopped}}, []string{"b-stopped"}},
				{workflow.ListOptions{Template: gates}, []string{"a-waiting", "b-stopped"}},
				{workflow.ListOptions{Template: gates, ClusterScope: true}, []string{}},
				{workflow.ListOptions{Template: ends, ClusterScope: true}, []string{"c-ended"}},
				{workflow.ListOptions{CreatedAfter: waiting.CreationTime.Add(-time.Hour)}, []string{"a-waiting", "b-stopped", "c-ended"}},
				{workflow.ListOptions{CreatedBefore: waiting.CreationTime}, []string{}},
				{workflow.ListOptions{CreatedAfter: stopped.CreationTime.Add(time.Hour)}, []string{}},
				{workflow.ListOptions{FinishedBefore: time.Now().Add(time.Hour)}, []string{"b-stopped", "c-ended"}},
				{workflow.ListOptions{Outcomes: status.CompletedOutcomes(), LabelSelector: "team=other", Template: gates}, []string{"b-stopped"}},
			} {
				Expect(list(ctx, tc.opts)).To(Equal(tc.want), "%+v", tc.opts)
			}
		}, SpecTimeout(specTimeout))

		It("reads page by page, and stops when the caller breaks the loop", func(ctx SpecContext) {
			template := f.template(ctx, gate)
			var want []string
			for i := range 7 {
				want = append(want, fmt.Sprint("w", i))
				f.start(ctx, workflow.StartRequest{Template: template, Name: want[i]})
			}
			Expect(list(ctx, workflow.ListOptions{PageSize: 3})).To(Equal(want))
			Expect(list(ctx, workflow.ListOptions{PageSize: 1})).To(Equal(want))
			var some []string
			for s, err := range f.Client.List(ctx, workflow.ListOptions{PageSize: 2}) {
				Expect(err).NotTo(HaveOccurred())
				if some = append(some, s.Name); len(some) == 3 {
					break
				}
			}
			Expect(some).To(Equal(want[:3]))
		}, SpecTimeout(specTimeout))

		It("refuses what it cannot do", Label(NeedsAccounts), func(ctx SpecContext) {
			for _, opts := range []workflow.ListOptions{
				{LabelSelector: "a b"}, {PageSize: -1}, {Outcomes: []status.Outcome{"suspended"}}, {ClusterScope: true},
				{Outcomes: status.UnfinishedOutcomes(), FinishedBefore: time.Now()},
				{CreatedAfter: time.Now(), CreatedBefore: time.Now().Add(-time.Hour)},
			} {
				expectError(onlyError(f.Client.List(ctx, opts)), workflow.ErrInvalid, workflow.OpList, "")
			}
			restricted := f.Restricted(ctx, map[string][]string{"workflows": {"get"}})
			err := onlyError(restricted.List(ctx, workflow.ListOptions{}))
			text := expectError(err, workflow.ErrForbidden, workflow.OpList, "")
			Expect(text).To(And(ContainSubstring("list"), ContainSubstring("workflows")))
		}, SpecTimeout(specTimeout))
	})
}
