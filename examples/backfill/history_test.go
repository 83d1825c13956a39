package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// fakeWorkflows is the client of a fake backfill.
type fakeWorkflows struct {
	workflow.Interface // nil: all methods in use are below
	of                 *fake
	runs               []*status.WorkflowStatus
	deleted            types.UID
}

func (w *fakeWorkflows) List(_ context.Context, opts workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		if err := w.of.note("list " + opts.LabelSelector); err != nil {
			yield(nil, err)
			return
		}
		for _, s := range w.runs {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func (w *fakeWorkflows) Get(_ context.Context, name string) (*status.WorkflowStatus, error) {
	return &status.WorkflowStatus{Name: name}, w.of.note("get " + name)
}

func (w *fakeWorkflows) Delete(_ context.Context, name string, opts workflow.DeleteOptions) error {
	w.deleted = opts.UID
	return w.of.note("delete " + name)
}

// runs are two of session s: the second one in the cluster, and the first one deleted from it.
func runs() []*status.WorkflowStatus {
	sum := sha256.Sum256([]byte("s/2"))
	const session, number = "argoservice.opensearch.org/session", "argoservice.opensearch.org/run"
	return []*status.WorkflowStatus{
		{Name: "backfill-s", Namespace: "ma", UID: "u1", Phase: status.PhaseSucceeded, Source: status.SourceHistory,
			StartTime: began(), EndTime: began().Add(time.Minute), Labels: map[string]string{session: "s"}},
		{Name: "backfill-s-run-2-" + hex.EncodeToString(sum[:4]), Namespace: "ma", UID: "u2", Phase: status.PhaseFailed, Source: status.SourceLive,
			StartTime: began().Add(time.Hour), Message: forged, Labels: map[string]string{session: "s", number: "2"}},
	}
}

// The journal is a real one.
func TestHistory(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := openJournal(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}()
	now := time.Now() // what is older is not kept
	gates := []workflow.Gate{{Name: "approve"}, {Name: "check" + forged}}
	j.Decided(t.Context(), workflow.DecisionRecord{Op: workflow.OpApprove, Namespace: "ma", Name: "backfill-s", UID: "u1", By: "ann", Message: "all is\nthere", Gates: gates, At: now})
	j.Decided(t.Context(), workflow.DecisionRecord{Op: workflow.OpReject, Namespace: "ma", Name: "w", UID: "u2", Gates: gates[:1], At: now})

	f := &fake{journal: j}
	f.workflows = &fakeWorkflows{of: f, runs: runs()}
	var out, stderr bytes.Buffer
	if code := f.program(&out, &stderr).run(t.Context(), fields("history")); code != exitOK || stderr.Len() > 0 {
		t.Fatalf("%d, %s", code, stderr.String())
	}
	expectPlain(t, "history", out.String())
	text := out.String()
	for _, want := range []string{
		`run 2 of "s" is Failed: workflow ma/backfill-s-run-2-`,
		"\n  reject   approve at " + clock(now) + " by an unnamed user\n",
		"\nrun 1 of \"s\" is Succeeded: workflow ma/backfill-s, deleted from the cluster\n  started  " + clock(began()) + "\n",
		", after 1m0s\n  approve  approve, check", " by ann: all is there\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "\nforged") {
		t.Errorf("a name makes a line of its own: %s", text)
	}

	out.Reset()
	if code := f.program(&out, &stderr).run(t.Context(), fields("-o json history")); code != exitOK {
		t.Fatal(code, out.String())
	}
	var got struct {
		Data struct {
			Session string
			Runs    []struct {
				Run                int
				State, Source, UID string
				Decisions          []struct {
					Op, By, Message string
					Gates           []string
				}
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err, out.String())
	}
	if len(got.Data.Runs) != 2 || got.Data.Session != "s" {
		t.Fatalf("%+v", got)
	}
	first := got.Data.Runs[1]
	if first.Run != 1 || first.State != "Succeeded" || first.Source != "history" || first.UID != "u1" || len(first.Decisions) != 1 ||
		first.Decisions[0].Op != "approve" || first.Decisions[0].By != "ann" || first.Decisions[0].Gates[0] != "approve" {
		t.Errorf("%+v", first)
	}
}

// Without a journal, who decided is not known. Many runs are cut.
func TestHistoryWithoutAJournal(t *testing.T) {
	f := &fake{}
	workflows := &fakeWorkflows{of: f}
	f.workflows = workflows
	show := func() string {
		var out bytes.Buffer
		if code := f.program(&out, &out).run(t.Context(), fields("history")); code != exitOK {
			t.Fatal(code, out.String())
		}
		return out.String()
	}
	if text := show(); text != "backfill \"s\" has no runs\n" {
		t.Errorf("%q", text)
	}
	for range mostItems + 2 {
		workflows.runs = append(workflows.runs, runs()...)
	}
	text := show()
	if n := strings.Count(text, ` of "s" is `); n != mostItems || !strings.HasSuffix(text, "and 24 older runs\n") || strings.Contains(text, "approve") {
		t.Errorf("%d runs: %s", n, text)
	}
	f.called = nil
	show()
	if f.called[0] != "list argoservice.opensearch.org/session=s" {
		t.Errorf("%q", f.called)
	}
}

func TestDelete(t *testing.T) {
	succeeded := func(source status.Source) *backfill.Status {
		st := ended(backfill.StateSucceeded, status.PhaseSucceeded)
		st.Workflow.Source = source
		return st
	}
	for name, tc := range map[string]struct {
		st     *backfill.Status
		code   int
		called string
	}{
		"ended":          {succeeded(status.SourceLive), exitOK, "status get bulk-load-s delete bulk-load-s"},
		"deleted before": {succeeded(status.SourceHistory), exitOK, "status"},
		"running":        {running(), exitFailed, "status"},
		"never started":  {&backfill.Status{Session: "s", State: backfill.StateNotStarted, Workflow: &status.WorkflowStatus{Name: "bulk-load-s"}}, exitNotFound, "status"},
	} {
		f := &fake{statuses: []*backfill.Status{tc.st}}
		workflows := &fakeWorkflows{of: f}
		f.workflows = workflows
		var out, stderr bytes.Buffer
		code := f.program(&out, &stderr).run(t.Context(), fields("delete"))
		if called := strings.TrimSuffix(strings.Join(f.called, " "), " released"); code != tc.code || called != tc.called {
			t.Errorf("%s: %d, %q, %s%s", name, code, called, out.String(), stderr.String())
		}
		if strings.Contains(tc.called, "delete") && workflows.deleted != "u" {
			t.Errorf("%s: the workflow with UID %q", name, workflows.deleted)
		}
	}
}

// What a status says of a backfill whose workflow is only in the journal.
func TestStatusSaysThatTheWorkflowIsDeleted(t *testing.T) {
	st := ended(backfill.StateSucceeded, status.PhaseSucceeded)
	st.Workflow.Source = status.SourceHistory
	var out bytes.Buffer
	if code := (&fake{statuses: []*backfill.Status{st}}).program(&out, &out).run(t.Context(), fields("status")); code != exitOK ||
		!strings.Contains(out.String(), "run 1, 1m0s, deleted from the cluster\n") {
		t.Errorf("%d, %s", code, out.String())
	}
}

// The journal is a file that any verb creates, and its errors are about the command line.
func TestJournalFile(t *testing.T) {
	t.Setenv("KUBECONFIG", write(t, deadCluster))
	path := filepath.Join(t.TempDir(), "journal.db")
	o, err := open(t.Context(), flags{config: "backfill.yaml", journalFile: path})
	if err != nil {
		t.Fatal(err)
	}
	o.release()
	if _, err := o.journal.Decisions(t.Context(), "ma", "u"); err == nil {
		t.Error("it is still open")
	}
	if o, err = open(t.Context(), flags{config: "backfill.yaml"}); err != nil || o.journal != nil {
		t.Fatal(o, err)
	}
	o.release()
}
