package faults_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/faults"
)

// verdict is a row of the table, with a description of each problem. Problems can be added
// concurrently.
type verdict struct {
	faults.Row

	mu       sync.Mutex // guards the counts of problems, too
	problems []string
}

func (v *verdict) lost(format string, args ...any)  { v.note(&v.Lost, 1, "lost: "+format, args...) }
func (v *verdict) wrong(format string, args ...any) { v.note(&v.Wrong, 1, "wrong: "+format, args...) }
func (v *verdict) duplicated(n int, format string, args ...any) {
	v.note(&v.Duplicated, n, "duplicated: "+format, args...)
}

func (v *verdict) note(count *int, n int, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	*count += n
	v.problems = append(v.problems, fmt.Sprintf(format, args...))
}

// failed counts an error of a call about a workflow as wrong, and reports whether there is one.
func (v *verdict) failed(name string, err error) bool {
	if err != nil {
		v.wrong("%s: %v", name, err)
	}
	return err != nil
}

// enter adds the rows to the table and fails the spec if one is not clean.
func enter(verdicts ...*verdict) {
	GinkgoHelper()
	const most = 12
	var problems []string
	for _, v := range verdicts {
		addRow(v.Row)
		if !v.Clean() {
			problems = append(problems, fmt.Sprintf("%+v", v.Row))
			problems = append(problems, v.problems[:min(most, len(v.problems))]...)
		}
	}
	Expect(problems).To(BeEmpty(), "%s", strings.Join(problems, "\n"))
}

// held is what the API server has at the end of a spec, and the archive if there is one. It is the reference for
// all results.
type held struct {
	byUID   map[string]*status.WorkflowStatus
	byStart map[string][]*status.WorkflowStatus
}

// held reads the workflows of the scene that the label selector matches; "" matches all.
func (s *scene) held(ctx context.Context, selector string) held {
	GinkgoHelper()
	h := held{byUID: map[string]*status.WorkflowStatus{}, byStart: map[string][]*status.WorkflowStatus{}}
	list, err := argotest.Workflows(dyn, s.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	Expect(err).NotTo(HaveOccurred())
	for i := range list.Items {
		st, err := status.FromUnstructured(&list.Items[i])
		Expect(err).NotTo(HaveOccurred())
		h.add(st)
	}
	return h
}

func (h held) add(st *status.WorkflowStatus) {
	h.byUID[string(st.UID)] = st
	if id := st.Labels[labelStart]; id != "" {
		h.byStart[id] = append(h.byStart[id], st)
	}
}

// addArchived adds the workflows that only the archive has, if there is one.
func (s *scene) addArchived(ctx context.Context, h held) {
	GinkgoHelper()
	if s.database == nil {
		return
	}
	for archived, err := range s.database.List(ctx, workflow.HistoryQuery{Namespace: s.namespace}) {
		Expect(err).NotTo(HaveOccurred())
		if _, live := h.byUID[string(archived.GetUID())]; live {
			continue
		}
		st, err := status.FromUnstructured(archived)
		Expect(err).NotTo(HaveOccurred())
		h.add(st)
	}
}

// judge compares what every call returned with what the API server has.
func (l *load) judge(ctx context.Context, fault string, injected int) *verdict {
	GinkgoHelper()
	v := &verdict{Row: faults.Row{Fault: fault, Injected: injected}}
	h := l.scene.held(ctx, l.selector())
	l.scene.addArchived(ctx, h)
	for _, err := range l.failed {
		v.wrong("steering: %v", err)
	}
	for _, w := range l.waits {
		w.judge(v, h)
		if w.started == nil {
			v.InFlight++
		}
	}
	for _, st := range l.starts {
		st.judge(v, h)
		v.InFlight++
	}
	return v
}

func (w *waiter) judge(v *verdict, h held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.again > 0 {
		v.duplicated(w.again, "%s was shown states again", w.name)
	}
	if w.back > 0 {
		v.wrong("%s was shown %d older states", w.name, w.back)
	}
	now, there := h.byUID[w.uid]
	switch {
	case errors.Is(w.err, errLate):
		v.lost("wait for %s, which %s: %v", w.name, describe(now), w.err)
	case w.ending == deleted:
		if there {
			v.wrong("%s is still there", w.name)
		}
		if !errors.Is(w.err, workflow.ErrDeleted) {
			v.wrong("wait for %s, which was deleted: %v", w.name, w.err)
		}
	case w.err != nil:
		v.wrong("wait for %s: %v", w.name, w.err)
	case !there:
		v.lost("%s is not there", w.name)
	case string(w.state.UID) != w.uid:
		v.wrong("wait for %s: it returned another workflow", w.name)
	case w.state.Outcome() != now.Outcome() || w.ending != anyhow && w.state.Outcome() != w.ending.outcome():
		v.wrong("wait for %s: it returned %s, the workflow is %s", w.name, w.state.Outcome(), now.Outcome())
	}
}

func (e ending) outcome() status.Outcome {
	if e == stopped {
		return status.OutcomeStopped
	}
	return status.OutcomeSucceeded
}

func (st *start) judge(v *verdict, h held) {
	made := h.byStart[fmt.Sprint(st.id)]
	switch {
	case st.err != nil:
		v.wrong("start %d: %v", st.id, st.err)
	case len(made) == 0:
		v.lost("start %d: %s is not there", st.id, st.state.Name)
	case made[0].UID != st.state.UID && len(made) == 1:
		v.wrong("start %d returned %s, not %s", st.id, st.state.UID, made[0].UID)
	}
	if len(made) > 1 {
		v.duplicated(len(made)-1, "start %d made %d workflows", st.id, len(made))
	}
}

// describe describes a workflow as the API server has it; nil means that it does not exist.
func describe(now *status.WorkflowStatus) string {
	if now == nil {
		return "is not there"
	}
	return fmt.Sprintf("is %s, made at %s, in version %s", now.Outcome(), now.CreationTime.Format(time.TimeOnly), now.ResourceVersion)
}
