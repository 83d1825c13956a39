package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/journal"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// lists is a client that lists these workflows, and then an error if there is one. A nil workflow is one
// that cannot be read.
type lists struct {
	workflow.Reader // nil: the method in use is below
	all             []*status.WorkflowStatus
	err             error
	read            int // how many were asked for
}

func (l *lists) List(context.Context, workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		for _, s := range l.all {
			l.read++
			var err error
			if s == nil {
				err = fmt.Errorf("%w: no nodes", workflow.ErrUnreadable)
			}
			if !yield(s, err) {
				return
			}
		}
		if l.err != nil {
			yield(nil, l.err)
		}
	}
}

// ofSession returns the first run of a session, which started that many minutes after another.
func ofSession(session string, minutes int, source status.Source, phase status.Phase) *status.WorkflowStatus {
	started := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(minutes) * time.Minute)
	s := &status.WorkflowStatus{
		Namespace: "ma", Name: "backfill-" + session, UID: types.UID("of-" + session), Phase: phase, Source: source, StartTime: started,
		Labels: map[string]string{"argoservice.opensearch.org/session": session},
	}
	if phase.Completed() {
		s.EndTime = started.Add(time.Second)
	}
	return s
}

// decides has the decisions about workflows.
type decides struct {
	made []journal.Decision
	err  error
}

func (d decides) Decisions(_ context.Context, namespace string, uid types.UID) ([]journal.Decision, error) {
	if namespace != "ma" || uid != "of-old" {
		return nil, d.err
	}
	return d.made, d.err
}

func past(t *testing.T, decisions DecisionReader, clients ...workflow.Reader) (int, pastAnswer, string) {
	t.Helper()
	s := newSite(t, &fake{}, func(o *Options) { o.Past, o.Decisions = clients, decisions })
	resp, text := s.send(http.MethodGet, "/api/v1/past", "")
	var a pastAnswer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		t.Fatal(err, text)
	}
	return resp.code, a, text
}

// pastAnswer is the answer as a client reads it.
type pastAnswer struct {
	Past []struct {
		Session, State, Source, Workflow, Namespace, UID, Message string
		Run                                                       int
		Started, Finished                                         time.Time
		Decisions                                                 struct {
			Success bool
			Error   string
			Data    struct {
				Made []struct {
					Verb, By, Message string
					Gates             []string
					More              int
				}
				More int
			}
		}
	}
	More       bool
	Unreadable int
}

func (a pastAnswer) sessions() string {
	var names []string
	for _, run := range a.Past {
		names = append(names, run.Session+" "+run.State+" "+run.Source)
	}
	return strings.Join(names, ", ")
}

func TestPast(t *testing.T) {
	ma := &lists{all: []*status.WorkflowStatus{
		ofSession("live", 2, status.SourceLive, status.PhaseFailed), nil, ofSession("running", 5, status.SourceLive, status.PhaseRunning),
		ofSession("new", 3, status.SourceHistory, status.PhaseSucceeded), ofSession("lost", 1, status.SourceHistory, status.PhaseRunning),
		ofSession("old", 0, status.SourceHistory, status.PhaseError),
	}}
	ops := &lists{all: []*status.WorkflowStatus{ofSession("ops", 4, status.SourceHistory, status.PhaseSucceeded)}}
	at := time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC)
	code, got, text := past(t, decides{made: []journal.Decision{{Op: workflow.OpReject, At: at, By: "ann", Message: "<b>no</b>", Gates: []string{"approve"}}}}, ma, ops)
	const want = "ops Succeeded history, new Succeeded history, live Failed live, lost Stopped history, old Failed history"
	if code != http.StatusOK || got.sessions() != want || got.More || got.Unreadable != 1 {
		t.Errorf("%d %s", code, text)
	}
	old := got.Past[len(got.Past)-1]
	if old.Run != 1 || old.Workflow != "backfill-old" || old.Namespace != "ma" || old.UID != "of-old" || old.Finished.Sub(old.Started) != time.Second {
		t.Errorf("%+v", old)
	}
	if made := old.Decisions.Data.Made; !old.Decisions.Success || len(made) != 1 || made[0].Verb != "reject" || made[0].By != "ann" ||
		made[0].Message != "<b>no</b>" || strings.Join(made[0].Gates, " ") != "approve" {
		t.Errorf("%+v", old.Decisions)
	}
	if strings.Contains(text, "<b>") {
		t.Errorf("markup in %s", text) // json.Marshal writes it as escapes
	}
	if first := got.Past[0]; len(first.Decisions.Data.Made) != 0 || !first.Decisions.Success {
		t.Errorf("%+v", first)
	}
}

// That nobody can say who decided hides nothing else, and neither does a service without a journal.
func TestPastWithoutDecisions(t *testing.T) {
	client := &lists{all: []*status.WorkflowStatus{ofSession("old", 0, status.SourceHistory, status.PhaseSucceeded)}}
	for err, want := range map[error]bool{nil: true, workflow.ErrHistory: false} {
		var reader DecisionReader
		if err != nil {
			reader = decides{err: err}
		}
		code, got, text := past(t, reader, client)
		if code != http.StatusOK || len(got.Past) != 1 || got.Past[0].Decisions.Success != want {
			t.Errorf("%v: %d %s", err, code, text)
		}
	}
	if code, _, text := past(t, nil); code != http.StatusOK || text != `{"past":[]}`+"\n" {
		t.Errorf("no workflows: %d %s", code, text)
	}
}

// A history that cannot be asked is an error, and never an empty list.
func TestPastIsUnknown(t *testing.T) {
	for _, err := range []error{workflow.ErrHistory, workflow.ErrForbidden, errors.New("something")} {
		client := &lists{all: []*status.WorkflowStatus{ofSession("live", 0, status.SourceLive, status.PhaseFailed)}, err: err}
		s := newSite(t, &fake{}, func(o *Options) { o.Past = []workflow.Reader{client} })
		resp, text := s.send(http.MethodGet, "/api/v1/past", "")
		if want := codeOf(workflow.Reason(err)); resp.code != want || !strings.Contains(text, `"reason":"`+workflow.Reason(err)+`"`) {
			t.Errorf("%v: %d %s", err, resp.code, text)
		}
	}
}

// However much there is, an answer has the latest, and the rest of the history is not read.
func TestPastIsBounded(t *testing.T) {
	long := strings.Repeat("<", 1<<20)
	var many []journal.Decision
	for range 100 {
		many = append(many, journal.Decision{Op: workflow.OpApprove, By: long, Message: long, Gates: strings.Split(strings.Repeat(long[:9000]+" ", 30), " ")})
	}
	client := &lists{}
	for i := range 1000 { // the cluster lists by name
		client.all = append(client.all, ofSession(fmt.Sprintf("live-%d", i), i, status.SourceLive, status.PhaseSucceeded))
	}
	for i := range 1000 { // a history lists the latest first
		s := ofSession("old", 2000-i, status.SourceHistory, status.PhaseFailed)
		s.Message = long
		client.all = append(client.all, s)
	}
	_, got, text := past(t, decides{made: many}, client)
	if len(got.Past) != maxPast || !got.More || got.Past[0].Source != "history" || len(text) > 2<<20 {
		t.Errorf("%d runs, %d bytes", len(got.Past), len(text))
	}
	if client.read > 1000+maxPast+1 {
		t.Errorf("%d were read", client.read)
	}
	d := got.Past[0].Decisions.Data
	if len(d.Made) != maxDecisions || d.More != len(many)-maxDecisions || len(d.Made[0].Gates) != maxDecided || d.Made[0].More != 31-maxDecided {
		t.Errorf("%d decisions, %d more", len(d.Made), d.More)
	}
}
