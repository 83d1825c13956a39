package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func follow(t *testing.T, args string, f *fake) (code int, out, stderr string) {
	t.Helper()
	var o, e bytes.Buffer
	code = f.program(&o, &e).run(t.Context(), fields(args))
	return code, o.String(), e.String()
}

func TestFollowWritesChangesOnly(t *testing.T) {
	f := &fake{statuses: []*backfill.Status{
		withShards(running(), 1), withShards(running(), 1), withShards(running(), 2), ended(backfill.StateSucceeded, status.PhaseSucceeded),
	}}
	f.statuses[1].Shards.Data.ETA = time.Hour // changes by itself
	code, out, stderr := follow(t, "start --follow", f)
	if code != exitOK || strings.Join(f.called, ", ") != "start, follow, released" || stderr != "" {
		t.Errorf("%d, %v, %q", code, f.called, stderr)
	}
	lines := strings.Split(out, "\n")
	for i, want := range []string{"Running     1/40 shards (4 in progress, 35 waiting)  4/4 pods", "2/40", "Succeeded", `backfill "s" is Succeeded`} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
}

func TestFollowReportsAFailure(t *testing.T) {
	load := &status.Node{ID: "p", DisplayName: "load", Type: status.NodeTypePod, Phase: status.NodeFailed, Message: "main:\n exit 1"}
	f := &fake{statuses: []*backfill.Status{running(), ended(backfill.StateFailed, status.PhaseFailed, load)}}
	code, out, stderr := follow(t, "status --watch", f)
	if code != exitFailed || !strings.Contains(out, "  failed  load: Failed main: exit 1\n") || !strings.Contains(out, "✖ load") {
		t.Errorf("%d, %s", code, out)
	}
	if strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, `"s" has ended Failed`) || !strings.Contains(stderr, "load") {
		t.Errorf("%q", stderr)
	}
	code, out, _ = follow(t, "status --watch -o json", f)
	if lines := strings.Split(strings.TrimSpace(out), "\n"); code != exitFailed || len(lines) != 3 ||
		!strings.HasPrefix(lines[0], `{"success":true,"data":{"session":"s"`) || !strings.HasPrefix(lines[2], `{"success":false,"error":"backfill \"s\" has ended Failed`) {
		t.Errorf("%d, %s", code, out)
	}
}

func TestFollowEndsWithAnError(t *testing.T) {
	for _, tc := range []struct {
		err  error
		code int
	}{{workflow.ErrForbidden, exitForbidden}, {errors.New("x"), exitFailed}} {
		if code, _, stderr := follow(t, "status --watch", &fake{statuses: []*backfill.Status{running()}, err: tc.err}); code != tc.code || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: %d, %q", tc.err, code, stderr)
		}
	}
	if code, _, _ := follow(t, "status --watch", &fake{}); code != exitFailed {
		t.Errorf("nothing: %d", code)
	}
}

func TestOutcomes(t *testing.T) {
	byDeployment := &backfill.Status{Session: "s", State: backfill.StateStopped, Workflow: &status.WorkflowStatus{Namespace: "ma"}}
	done := *byDeployment
	done.Shards.Data.State = backfill.ShardsCompleted
	for name, tc := range map[string]struct {
		st   *backfill.Status
		code int
	}{
		"succeeded":                {ended(backfill.StateSucceeded, status.PhaseSucceeded), exitOK},
		"stopped":                  {ended(backfill.StateStopped, "Stopped"), exitFailed},
		"not started":              {&backfill.Status{Session: "s", State: backfill.StateNotStarted, Workflow: &status.WorkflowStatus{}}, exitNotFound},
		"a deployment taken away":  {byDeployment, exitFailed},
		"a deployment that's done": {&done, exitOK},
	} {
		if code, _, _ := follow(t, "status --watch", &fake{statuses: []*backfill.Status{tc.st}}); code != tc.code {
			t.Errorf("%s: %d", name, code)
		}
	}
}

// A part that can't be read is shown as unknown, with the reason, and never as zero.
func TestUnknownParts(t *testing.T) {
	st := running()
	st.Shards.Err, st.Pods.Err, st.Gates.Err = errors.New("the target\nis away"), errors.New("pods: no"), errors.New("offloaded")
	text := strings.Join(summary(st, hints{}, 0, began()), "\n")
	for _, want := range []string{"shards  unknown: the target is away", "pods    unknown: pods: no", "gate    unknown: offloaded"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	line := (&lineView{}).line(st)
	if !strings.Contains(line, "shards unknown  pods unknown") {
		t.Error(line)
	}
}

func TestShardsInWords(t *testing.T) {
	for want, s := range map[string]backfill.Shards{
		"there is no working state":                                        {State: backfill.ShardsPending},
		"being laid out":                                                   {State: backfill.ShardsInitializing},
		"1 of 4 completed (25 %), 0 in progress, 3 waiting":                {State: backfill.ShardsPaused, Total: 4, Completed: 1, Waiting: 3, Percentage: 25},
		"1 of 4 completed (25 %), 3 in progress, 0 waiting; about 8s left": {State: backfill.ShardsRunning, Total: 4, Completed: 1, InProgress: 3, Percentage: 25, ETA: 10 * time.Second},
		"1 of 4 completed (25 %), 2 in progress, 1 waiting; about 1s left": {State: backfill.ShardsRunning, Total: 4, Completed: 1, InProgress: 2, Waiting: 1, Percentage: 25, ETA: time.Second},
		"4 of 4 completed (100 %), 0 in progress, 0 waiting":               {State: backfill.ShardsCompleted, Total: 4, Completed: 4, Percentage: 100},
	} {
		if got := shardsText(workflow.Result[backfill.Shards]{Data: s}, 2*time.Second); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestGateInTheLine(t *testing.T) {
	line := (&lineView{hints: hints{"backfill --config c"}}).line(atGate(gate("approve", approvedBy)))
	if !strings.HasPrefix(line, "Paused") || !strings.HasSuffix(line, "gate approve waits: backfill --config c approve -- approve") {
		t.Error(line)
	}
}

// A check that is retried until the work is done fails all the time, which is not worth a message.
func TestARunningRetryHasNotFailed(t *testing.T) {
	s := workflowOf(t, `
    a: {name: w.a, displayName: setup, type: Pod, phase: Succeeded},
    r: {name: w.r, displayName: check, type: Retry, phase: Running, children: [r0, r1]},
    r0: {name: w.r(0), displayName: check(0), type: Steps, phase: Failed},
    p0: {name: w.r(0).p, displayName: p, type: Pod, phase: Failed, boundaryID: r0},
    r1: {name: w.r(1), displayName: check(1), type: Steps, phase: Failed},
    p1: {name: w.r(1).p, displayName: p, type: Pod, phase: Failed, boundaryID: r1}`)
	if done, all, active := steps(s); done != 1 || all != 2 || fmt.Sprint(active) != "[check]" {
		t.Error(done, all, active)
	}
	tree := strings.Join(treeLines(s, began()), "\n")
	if strings.Contains(tree, "✖") || !strings.Contains(tree, "● check") {
		t.Error(tree)
	}
	if len(s.Nodes) != 6 {
		t.Error("the status itself was changed")
	}
	s = workflowOf(t, `
    r: {name: w.r, displayName: check, type: Retry, phase: Running, children: [r0, r1]},
    r0: {name: w.r(0), displayName: check(0), type: Pod, phase: Failed},
    r1: {name: w.r(1), displayName: check(1), type: Pod, phase: Running}`)
	if tree := strings.Join(treeLines(s, began()), "\n"); !strings.Contains(tree, "check") || !strings.Contains(tree, "(2 attempts)") {
		t.Error(tree)
	}
}

func TestActivityIsShort(t *testing.T) {
	st := running()
	for i := range 5 {
		st.Workflow.Nodes = append(st.Workflow.Nodes, &status.Node{
			ID: fmt.Sprint(i), DisplayName: string(rune('a' + i)), Type: status.NodeTypePod, Phase: status.NodeRunning,
		})
	}
	if line := (&lineView{}).line(st); !strings.HasSuffix(line, "0/5 steps  a, b, c, and 2 more") {
		t.Error(line)
	}
}

func TestScreenIsRedrawnInPlace(t *testing.T) {
	var out bytes.Buffer
	width, height := 10, 4
	s := &screen{out: &out, size: func() (int, int, error) { return width, height, nil }}
	for _, step := range []struct {
		lines []string
		want  string
	}{
		{[]string{"one", "a line too long"}, "\rone\x1b[K\na line t…\x1b[K\n\x1b[J"},
		{[]string{"1", "2", "3", "4"}, "\r\x1b[2A1\x1b[K\n2\x1b[K\n…\x1b[K\n\x1b[J"},
		{nil, "\r\x1b[3A\x1b[J"},
	} {
		out.Reset()
		if err := s.draw(step.lines); err != nil || out.String() != step.want {
			t.Errorf("%q, %v, want %q", out.String(), err, step.want)
		}
	}
	s.size = func() (int, int, error) { return 0, 0, errors.New("no terminal") }
	out.Reset()
	if err := s.draw([]string{strings.Repeat("x", 100)}); err != nil || strings.Count(out.String(), "x") != usualWidth-2 {
		t.Errorf("%q, %v", out.String(), err)
	}
	out.Reset()
	if s.clear(); out.String() != "\r\x1b[1A\x1b[J" || s.drawn != 0 {
		t.Errorf("%q", out.String())
	}
}

func TestLiveView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		v := newLiveView(&screen{out: &out, size: func() (int, int, error) { return 120, 40, nil }}, hints{"backfill"})
		written := func() string { // since the last call
			v.mu.Lock()
			defer v.mu.Unlock()
			defer out.Reset()
			return out.String()
		}
		st := withShards(atGate(gate("approve")), 10)
		st.Workflow.Nodes = []*status.Node{{ID: "a", DisplayName: "setup", Type: status.NodeTypePod, Phase: status.NodeSucceeded}}
		if err := v.show(st); err != nil {
			t.Fatal(err)
		}
		first := written()
		for _, want := range []string{`backfill "s" is Paused`, "[=", "25 % of the shards", "10 of 40", "about 5s left", "4 running, 0 pending, 4 desired",
			"approve waits: backfill approve -- approve", "✔ setup"} {
			if !strings.Contains(first, want) {
				t.Errorf("%q is not in %s", want, first)
			}
		}
		time.Sleep(2*redrawEvery + time.Millisecond) // fake time
		synctest.Wait()
		if text := written(); !strings.Contains(text, "about 4s left") || !strings.HasPrefix(text, "\r\x1b[") {
			t.Errorf("the times don't go on: %q", text)
		}
		v.close()
		if text := written(); !strings.HasSuffix(text, "A\x1b[J") {
			t.Errorf("something is left: %q", text)
		}
		time.Sleep(time.Minute)
		if text := written(); text != "" {
			t.Errorf("it is drawn after its end: %q", text)
		}
		if err := v.conclude(st); err != nil || !strings.Contains(written(), `backfill "s" is Paused`) {
			t.Errorf("%v", err)
		}
	})
}

func TestBarWithoutShards(t *testing.T) {
	st := running()
	if got := bar(st); got != "" {
		t.Errorf("nothing is known: %q", got)
	}
	st.Workflow.Progress = status.Progress{Done: 1, Total: 2}
	st.Shards.Data.State = backfill.ShardsPending
	if got := bar(st); !strings.Contains(got, "50 % of the steps so far") {
		t.Error(got)
	}
	if got := bar(withShards(st, 40)); !strings.Contains(got, "100 % of the shards") {
		t.Error(got)
	}
}
