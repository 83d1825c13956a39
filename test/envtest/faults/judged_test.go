package faults_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/onsi/ginkgo/v2/types"
	. "github.com/onsi/gomega"
	ktypes "k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// Judge must detect every mistake that a wait or start can make. Each case is one of them.
func TestJudge(t *testing.T) {
	in := func(uid string, phase status.Phase) *status.WorkflowStatus {
		return &status.WorkflowStatus{UID: ktypes.UID(uid), Phase: phase}
	}
	succeeded, failed := in("1", status.PhaseSucceeded), in("1", status.PhaseFailed)
	there := held{
		byUID: map[string]*status.WorkflowStatus{"1": succeeded},
		byStart: map[string][]*status.WorkflowStatus{
			"0": {succeeded}, "2": {in("2", ""), in("3", ""), in("4", "")},
		},
	}
	for name, tc := range map[string]struct {
		judged interface{ judge(*verdict, held) }
		want   faults.Row
	}{
		"a wait that is right":                    {&waiter{uid: "1", state: succeeded}, faults.Row{}},
		"a wait that did not end":                 {&waiter{uid: "1", err: fmt.Errorf("wait: %w", errLate)}, faults.Row{Lost: 1}},
		"a wait that failed":                      {&waiter{uid: "1", err: workflow.ErrForbidden}, faults.Row{Wrong: 1}},
		"a wait whose context ended":              {&waiter{uid: "1", err: context.DeadlineExceeded}, faults.Row{Wrong: 1}},
		"a wait with another outcome":             {&waiter{uid: "1", state: failed}, faults.Row{Wrong: 1}},
		"a wait with the outcome there is":        {&waiter{uid: "1", state: succeeded, ending: anyhow}, faults.Row{}},
		"a wait with an outcome there isn't":      {&waiter{uid: "1", state: failed, ending: anyhow}, faults.Row{Wrong: 1}},
		"a wait that was to be stopped":           {&waiter{uid: "1", state: succeeded, ending: stopped}, faults.Row{Wrong: 1}},
		"a wait for a workflow that is gone":      {&waiter{uid: "9", state: in("9", status.PhaseSucceeded)}, faults.Row{Lost: 1}},
		"a wait that returned another workflow":   {&waiter{uid: "1", state: in("7", status.PhaseSucceeded)}, faults.Row{Wrong: 1}},
		"a wait for what was deleted":             {&waiter{uid: "9", ending: deleted, err: workflow.ErrDeleted}, faults.Row{}},
		"a wait for what was deleted, not told":   {&waiter{uid: "9", ending: deleted, err: workflow.ErrNotFound}, faults.Row{Wrong: 1}},
		"a wait told of a deletion that was none": {&waiter{uid: "1", ending: deleted, err: workflow.ErrDeleted}, faults.Row{Wrong: 1}},
		"a wait shown three states again":         {&waiter{uid: "1", state: succeeded, again: 3}, faults.Row{Duplicated: 3}},
		"a wait shown an older state":             {&waiter{uid: "1", state: succeeded, back: 1}, faults.Row{Wrong: 1}},
		"a start that is right":                   {&start{id: 0, state: succeeded}, faults.Row{}},
		"a start that made nothing":               {&start{id: 1, state: in("5", "")}, faults.Row{Lost: 1}},
		"a start that made three":                 {&start{id: 2, state: in("2", "")}, faults.Row{Duplicated: 2}},
		"a start that returned another":           {&start{id: 0, state: in("5", "")}, faults.Row{Wrong: 1}},
		"a start that failed":                     {&start{id: 0, err: errors.New("no")}, faults.Row{Wrong: 1}},
		"a start that failed and made nothing":    {&start{id: 1, err: errors.New("no")}, faults.Row{Wrong: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			v := &verdict{}
			tc.judged.judge(v, there)
			g := NewWithT(t)
			g.Expect(v.Row).To(Equal(tc.want), "%v", v.problems)
			g.Expect(v.Clean()).To(Equal(len(v.problems) == 0))
		})
	}
}

// The same of a decision that two clients make, and of a read of the archive.
func TestJudgeOfDatabaseCalls(t *testing.T) {
	ended := func(phase status.Phase, by string) *status.WorkflowStatus {
		s, err := status.FromJSON(fmt.Appendf(nil, `{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow",
			"metadata":{"name":"w","uid":"1"},"status":{"phase":%q,"nodes":{"a":{"id":"a","displayName":"approve","type":"Suspend",
			"phase":"Succeeded","outputs":{"parameters":[{"name":"by","value":%q}]}}}}}`, phase, by))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	archived := func(source status.Source) *status.WorkflowStatus {
		s := ended(status.PhaseSucceeded, "a")
		s.Source = source
		return s
	}
	returned := func(got *status.WorkflowStatus, err error) func(*verdict) {
		return func(v *verdict) { v.returned("get", archived(""), got, err) }
	}
	other := archived(status.SourceHistory)
	other.UID = "2"
	for name, tc := range map[string]struct {
		judge func(*verdict)
		want  faults.Row
	}{
		"an approval by one":             {(&ballot{won: []string{"a"}, final: ended("Succeeded", "a")}).judge, faults.Row{}},
		"one that no one was told of":    {(&ballot{final: ended("Succeeded", "a")}).judge, faults.Row{Lost: 1}},
		"one that two were told of":      {(&ballot{won: []string{"a", "b"}, final: ended("Succeeded", "a")}).judge, faults.Row{Duplicated: 1}},
		"one with the value of another":  {(&ballot{won: []string{"b"}, final: ended("Succeeded", "a")}).judge, faults.Row{Wrong: 1}},
		"one that did not end":           {(&ballot{won: []string{"a"}, err: context.DeadlineExceeded}).judge, faults.Row{Lost: 1}},
		"one that the controller failed": {(&ballot{won: []string{"a"}, final: ended("Error", "a")}).judge, faults.Row{Wrong: 1}},
		"one that it may have failed":    {(&ballot{spoilt: true, final: ended("Error", "")}).judge, faults.Row{}},
		"a read of the archive":          {returned(archived(status.SourceHistory), nil), faults.Row{}},
		"a read that failed":             {returned(nil, workflow.ErrNotFound), faults.Row{Wrong: 1}},
		"a read of another workflow":     {returned(other, nil), faults.Row{Wrong: 1}},
		"a read that was of the cluster": {returned(archived(status.SourceLive), nil), faults.Row{Wrong: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			v := &verdict{}
			tc.judge(v)
			sum := &verdict{Row: faults.Row{InFlight: 1}}
			sum.add(v)
			sum.InFlight--
			g := NewWithT(t)
			g.Expect(sum.Row).To(Equal(tc.want), "%v", sum.problems)
			g.Expect(sum.Clean()).To(Equal(len(sum.problems) == 0))
		})
	}
}

// The condition of a wait detects states that it must not receive.
func TestSee(t *testing.T) {
	g := NewWithT(t)
	w := &waiter{}
	for _, s := range []status.WorkflowStatus{
		{ResourceVersion: "3"}, {ResourceVersion: "3"}, // once more, with a diagnosis
		{ResourceVersion: "5", Phase: status.PhaseRunning}, {ResourceVersion: "5", Phase: status.PhaseRunning},
		{ResourceVersion: "4", Phase: status.PhaseRunning},
		{ResourceVersion: "10", Phase: status.PhaseSucceeded}, {ResourceVersion: "11", Phase: status.PhaseSucceeded},
	} {
		done, err := w.see(&s)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(done).To(Equal(s.Completed()))
	}
	g.Expect([]int{w.again, w.back}).To(Equal([]int{2, 1}))
}

// The rows of all specs reach the process that prints the table, also those from other processes.
func TestTableOfSpecs(t *testing.T) {
	g := NewWithT(t)
	here := faults.Row{Fault: "b", Injected: 3, InFlight: 40, Wrong: 1}
	elsewhere := faults.Row{Fault: "a", Lost: 2, Duplicated: 1}
	var received types.ReportEntryValue
	sent, err := types.WrapEntryValue(elsewhere).GobEncode()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(received.GobDecode(sent)).To(Succeed())
	entry := func(name string, value types.ReportEntryValue) types.ReportEntry {
		return types.ReportEntry{Name: name, Value: value}
	}
	all, err := tableOf(types.Report{SpecReports: types.SpecReports{
		{ReportEntries: types.ReportEntries{entry("another", types.WrapEntryValue("text")), entry(rowEntry, types.WrapEntryValue(here))}},
		{ReportEntries: types.ReportEntries{entry(rowEntry, received)}},
	}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(all).To(Equal(faults.Table{here, elsewhere}))
}
