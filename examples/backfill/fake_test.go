package main

import (
	"context"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// fake is a backfill that records its calls and returns what the test sets.
type fake struct {
	backfill.Backfill // nil: all methods in use are below
	err               error
	statuses          []*backfill.Status
	waiting           []workflow.Gate
	workflows         workflow.Interface
	journal           *journal.Journal

	called    []string
	approval  workflow.Decision
	rejection workflow.Decision
	workers   int
	archiving backfill.ArchiveOptions
	following backfill.FollowOptions
}

func (f *fake) program(out, stderr io.Writer) program {
	return program{out: out, stderr: stderr, open: func(context.Context, flags) (*opened, error) {
		return &opened{backfill: f, workflows: f.workflows, journal: f.journal, release: func() { f.called = append(f.called, "released") }}, nil
	}}
}

func (f *fake) note(what string) error {
	f.called = append(f.called, what)
	return f.err
}

func (f *fake) status(what string) (*backfill.Status, error) {
	if err := f.note(what); err != nil || len(f.statuses) == 0 {
		return nil, err
	}
	return f.statuses[0], nil
}

func (f *fake) Create(context.Context) error                      { return f.note("create") }
func (f *fake) Start(context.Context) (*backfill.Status, error)   { return f.status("start") }
func (f *fake) Restart(context.Context) (*backfill.Status, error) { return f.status("restart") }
func (f *fake) Pause(context.Context) error                       { return f.note("pause") }
func (f *fake) Stop(context.Context) error                        { return f.note("stop") }
func (f *fake) StopAndWait(context.Context) (*backfill.Status, error) {
	return f.status("stop and wait")
}
func (f *fake) Status(context.Context) (*backfill.Status, error) { return f.status("status") }
func (f *fake) Gates(context.Context) ([]workflow.Gate, error)   { return f.waiting, f.note("gates") }

func (f *fake) Scale(_ context.Context, workers int) error {
	f.workers = workers
	return f.note("scale")
}

func (f *fake) Approve(_ context.Context, approval workflow.Decision) (*workflow.DecisionResult, error) {
	f.approval = approval
	return &workflow.DecisionResult{Gates: f.waiting}, f.note("approve")
}

func (f *fake) Reject(_ context.Context, rejection workflow.Decision) (*workflow.DecisionResult, error) {
	f.rejection = rejection
	return &workflow.DecisionResult{Gates: f.waiting}, f.note("reject")
}

func (f *fake) Archive(_ context.Context, opts backfill.ArchiveOptions) (backfill.Archive, error) {
	f.archiving = opts
	return backfill.Archive{Index: ".migrations_working_state_s", Missing: true}, f.note("archive")
}

func (f *fake) Restore(_ context.Context, path string) (int64, error) {
	return 41, f.note("restore " + path)
}

func (f *fake) Follow(_ context.Context, opts backfill.FollowOptions) iter.Seq2[*backfill.Status, error] {
	f.following = opts
	return func(yield func(*backfill.Status, error) bool) {
		f.called = append(f.called, "follow")
		for _, st := range f.statuses {
			if !yield(st, nil) {
				return
			}
		}
		if f.err != nil {
			yield(nil, f.err)
		}
	}
}

func (f *fake) Describe() backfill.Config {
	return backfill.Config{
		TargetCluster: backfill.Cluster{Endpoint: "https://target:9200", Basic: &backfill.BasicAuth{Username: "admin", Password: backfill.NewSecret("very secret")}},
		Backfill:      backfill.Reindex{Session: "s"},
	}
}

// began returns when the workflow of these tests began.
func began() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func workflowOf(t *testing.T, text string) *status.WorkflowStatus {
	t.Helper()
	form, err := yaml.YAMLToJSON([]byte("metadata: {name: bulk-load-s, namespace: ma, uid: u}\nstatus: {phase: Running, startedAt: \"2026-01-01T00:00:00Z\", nodes: {" + text + "}}"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := status.FromJSON(form)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// running returns a status of a backfill without nodes.
func running() *backfill.Status {
	w := &status.WorkflowStatus{Name: "bulk-load-s", Namespace: "ma", UID: "u", Phase: status.PhaseRunning, StartTime: began()}
	return &backfill.Status{Session: "s", State: backfill.StateRunning, Run: 1, Workflow: w}
}

// withShards sets the number of completed shards, of 40.
func withShards(st *backfill.Status, completed int64) *backfill.Status {
	st.Shards.Data = backfill.Shards{
		State: backfill.ShardsRunning, Total: 40, Completed: completed, InProgress: 4, Waiting: 36 - completed,
		Percentage: float64(completed) * 100 / 40, ETA: 5 * time.Second,
	}
	st.Pods.Data = backfill.Pods{Running: 4, Desired: 4}
	return st
}

func ended(state backfill.State, phase status.Phase, nodes ...*status.Node) *backfill.Status {
	st := withShards(running(), 36)
	st.State, st.Workflow.Phase, st.Workflow.Nodes, st.Workflow.EndTime = state, phase, nodes, began().Add(time.Minute)
	st.Failed.Data = st.Workflow.FailedNodes()
	return st
}

func gate(name string, outputs ...string) workflow.Gate {
	g := workflow.Gate{ID: "id-" + name, Name: name, Since: began()}
	for _, o := range outputs {
		g.Outputs = append(g.Outputs, workflow.GateOutput{Name: o})
	}
	return g
}

func atGate(gates ...workflow.Gate) *backfill.Status {
	st := running()
	st.State = backfill.StatePaused
	st.Gates = workflow.Result[[]workflow.Gate]{Data: gates}
	return st
}

func fields(args string) []string {
	return append([]string{"--config", "my file.yaml"}, strings.Fields(args)...)
}
