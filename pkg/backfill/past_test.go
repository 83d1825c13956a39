package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/fakekube"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// remembering is a client of which some runs are only in its history.
type remembering struct {
	workflow.Interface
	runs    []*status.WorkflowStatus // in the order of List
	started []workflow.StartRequest
	stopped int
}

func (r *remembering) List(_ context.Context, opts workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		for _, s := range r.runs {
			if (opts.Archived || !past(s)) && !yield(s, nil) {
				return
			}
		}
	}
}

// Start finds the run of that name, as its key does, or starts one.
func (r *remembering) Start(_ context.Context, req workflow.StartRequest) (*workflow.StartResult, error) {
	for _, s := range r.runs {
		if s.Name == req.Name {
			return &workflow.StartResult{WorkflowStatus: s, Found: true}, nil
		}
	}
	r.started = append(r.started, req)
	return &workflow.StartResult{WorkflowStatus: &status.WorkflowStatus{Name: req.Name, Labels: req.Labels}}, nil
}

func (r *remembering) Stop(context.Context, string, workflow.StopOptions) error {
	r.stopped++
	return nil
}

func run(number int, source status.Source, phase status.Phase) *status.WorkflowStatus {
	s := &status.WorkflowStatus{Name: runName("rfs-s", number), Namespace: "ma", Phase: phase, Source: source, Labels: map[string]string{}}
	if number > 1 {
		s.Labels[labelRun] = strconv.Itoa(number)
	}
	return s
}

func named(s *status.WorkflowStatus, name string) *status.WorkflowStatus {
	s.Name = name
	return s
}

func TestRunsOfThePastCount(t *testing.T) {
	const live, history = status.SourceLive, status.SourceHistory
	for name, tc := range map[string]struct {
		runs     []*status.WorkflowStatus
		state    State
		restarts int // the number of the run that Restart starts
	}{
		"one run":  {runs: []*status.WorkflowStatus{run(1, history, "Failed")}, state: StateFailed, restarts: 2},
		"two runs": {runs: []*status.WorkflowStatus{run(2, history, "Succeeded"), run(1, history, "Failed")}, state: StateSucceeded, restarts: 3},
		"the last one is live": {runs: []*status.WorkflowStatus{run(2, live, "Succeeded"), run(1, history, "Failed")},
			state: StateSucceeded, restarts: 3},
		"the first one is live": {runs: []*status.WorkflowStatus{run(1, live, "Failed"), run(2, history, "Succeeded")},
			state: StateSucceeded, restarts: 3},
		"a run is in both": {runs: []*status.WorkflowStatus{run(1, live, "Succeeded"), run(1, history, "Failed")},
			state: StateSucceeded, restarts: 2},
		"a copy is archived": {runs: []*status.WorkflowStatus{run(1, live, "Failed"), named(run(1, history, "Succeeded"), "copy"), named(run(7, history, "Succeeded"), "copy-2")},
			state: StateFailed, restarts: 2},
		"its end is not known":   {runs: []*status.WorkflowStatus{run(1, history, "Running")}, state: StateStopped, restarts: 2},
		"none":                   {state: StateNotStarted, restarts: 1},
		"a second one's is lost": {runs: []*status.WorkflowStatus{run(3, history, "Failed"), run(1, history, "Failed")}, state: StateFailed, restarts: 4},
	} {
		r := &remembering{runs: tc.runs}
		b, err := New(config(t, "", ""), Dependencies{Workflows: r})
		if err != nil {
			t.Fatal(err)
		}
		if st, err := b.Status(t.Context()); err != nil || st.State != tc.state {
			t.Errorf("%s: %+v, %v", name, st, err)
		}
		if len(tc.runs) > 0 {
			if st, err := b.Start(t.Context()); err != nil || st.State != tc.state || len(r.started) > 0 {
				t.Errorf("%s: start: %+v, %v", name, st, err)
			}
			if err := b.Pause(t.Context()); !errors.Is(err, ErrEnded) && !errors.Is(err, workflow.ErrUnsupported) {
				t.Errorf("%s: pause: %v", name, err)
			}
		}
		if err := b.Stop(t.Context()); err != nil || r.stopped > 0 {
			t.Errorf("%s: stop: %v", name, err)
		}
		if _, err := b.Restart(t.Context()); err != nil || len(r.started) != 1 || r.started[0].Name != runName("rfs-s", tc.restarts) {
			t.Errorf("%s: restart: %+v, %v", name, r.started, err)
		}
	}
}

// Two workflows of one run in the cluster are still a conflict.
func TestTwoWorkflowsOfOneRunAndAHistory(t *testing.T) {
	r := &remembering{runs: []*status.WorkflowStatus{
		run(1, status.SourceLive, "Failed"), named(run(1, status.SourceLive, "Failed"), "copy"),
	}}
	b, err := New(config(t, "", ""), Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Status(t.Context()); !errors.Is(err, workflow.ErrConflict) {
		t.Error(err)
	}
}

// Following a session whose run is only in the history, without its end, ends after its only status.
func TestFollowOfARunWithoutAnEnd(t *testing.T) {
	r := &remembering{runs: []*status.WorkflowStatus{run(1, status.SourceHistory, "Running")}}
	b, err := New(config(t, "", ""), Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	states := 0
	for st, err := range b.Follow(t.Context(), FollowOptions{}) {
		if states++; err != nil || st.State != StateStopped {
			t.Errorf("%+v, %v", st, err)
		}
	}
	if states != 1 {
		t.Errorf("%d statuses", states)
	}
}

// Get returns the run of that name.
func (r *remembering) Get(_ context.Context, name string) (*status.WorkflowStatus, error) {
	for _, s := range r.runs {
		if s.Name == name {
			return s, nil
		}
	}
	return nil, workflow.ErrNotFound
}

// Following such a run while its workers are terminating ends when they have.
func TestFollowOfTheWorkersOfARunWithoutAnEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		past := run(1, status.SourceHistory, "Running")
		past.UID = "u"
		cluster := fakekube.New(t, `
- {apiVersion: v1, kind: Pod, metadata: {name: p, namespace: ma, uid: p, deletionTimestamp: "2026-01-01T00:00:00Z",
   labels: {workflows.argoproj.io/workflow: `+past.Name+`}}, status: {phase: Running}}
`)
		b, err := New(config(t, "", ""), Dependencies{Workflows: &remembering{runs: []*status.WorkflowStatus{past}}, Kubernetes: cluster.Client(nil)})
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(5*DefaultPodsEvery, func() {
			cluster.Edit(func([]*unstructured.Unstructured) []*unstructured.Unstructured { return nil })
		})
		var seen []State
		for st, err := range b.Follow(t.Context(), FollowOptions{}) {
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, st.State)
		}
		if want := []State{StateTerminating, StateStopped}; !slices.Equal(seen, want) {
			t.Errorf("%v", seen)
		}
	})
}

// The runs of all sessions are listed, with where they are, and no copies of them.
func TestRuns(t *testing.T) {
	other := run(1, status.SourceLive, "Running")
	other.Name = runName("other", 1)
	broken := &workflow.Error{Op: workflow.OpList, Name: "broken", Err: workflow.ErrUnreadable}
	all := []*status.WorkflowStatus{
		other, run(2, status.SourceLive, "Failed"), named(run(3, status.SourceLive, "Failed"), "copy"), nil,
		run(1, status.SourceHistory, "Succeeded"), named(run(1, status.SourceHistory, "Succeeded"), "copy"), run(3, status.SourceHistory, "Running"),
	}
	for _, s := range all {
		if s != nil {
			s.Labels[labelSession] = "rfs-s"
		}
	}
	other.Labels[labelSession] = "other"
	r := &listing{all: all, err: broken}
	var seen []string
	for got, err := range Runs(t.Context(), r, "") {
		if err != nil {
			seen = append(seen, workflow.Reason(err))
			continue
		}
		seen = append(seen, fmt.Sprintf("%s %d %s %s", got.Session, got.Number, got.State, got.Workflow.Source))
	}
	want := []string{
		"other 1 Running live", "rfs-s 2 Failed live", "Unreadable", "rfs-s 1 Succeeded history",
		"rfs-s 3 Stopped history", // its end is not known
	}
	if !slices.Equal(seen, want) {
		t.Errorf("%q", seen)
	}
	for _, err := range Runs(t.Context(), r, "rfs-s") {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if want := (workflow.ListOptions{LabelSelector: labelSession + "=rfs-s", Archived: true}); !reflect.DeepEqual(r.asked, want) {
		t.Errorf("%+v", r.asked)
	}
}

// listing is a client that lists these workflows, and an error for nil.
type listing struct {
	workflow.Reader
	all   []*status.WorkflowStatus
	err   error
	asked workflow.ListOptions
}

func (l *listing) List(_ context.Context, opts workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	l.asked = opts
	return func(yield func(*status.WorkflowStatus, error) bool) {
		for _, s := range l.all {
			var err error
			if s == nil {
				err = l.err
			}
			if !yield(s, err) {
				return
			}
		}
	}
}

func TestStatusJSONSaysWhereTheWorkflowIs(t *testing.T) {
	for _, source := range []status.Source{status.SourceLive, status.SourceHistory} {
		s := run(1, source, "Succeeded")
		s.UID = "u"
		text, err := json.Marshal(&Status{Session: "s", Workflow: s})
		if want := fmt.Sprintf(`"outcome":"Succeeded","source":%q`, source); err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s, %v", text, err)
		}
	}
}

// abridging is a client whose history keeps no arguments of its workflows, as a journal by default.
type abridging struct{ remembering }

func (r *abridging) Start(context.Context, workflow.StartRequest) (*workflow.StartResult, error) {
	return nil, fmt.Errorf("%w (it differs in parameters[snapshot-name])", workflow.ErrIdempotencyMismatch)
}

// The only run of a session is in a journal, and the configuration has another snapshot since. That run is
// not a run of this configuration.
func TestStartOfAnotherConfigurationAndAJournal(t *testing.T) {
	s := run(1, status.SourceHistory, "Succeeded")
	s.Annotations = map[string]string{workflow.AnnotationAbridged: "spec"}
	r := &abridging{remembering{runs: []*status.WorkflowStatus{s}}}
	b, err := New(config(t, "", ""), Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	s.Template.Name, s.Entrypoint = requestOf(b)
	if st, err := b.Start(t.Context()); !errors.Is(err, workflow.ErrIdempotencyMismatch) {
		t.Errorf("the run of another configuration is returned: %+v, %v", st, err)
	}
}

// requestOf returns the template and entrypoint of a backfill, which a journal keeps.
func requestOf(b Backfill) (template, entrypoint string) {
	argo, _ := b.(*argoBackfill)
	return argo.request.Template, argo.request.Entrypoint
}
