package main

import (
	"bytes"
	"encoding/json"
	"os/user"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func me(t *testing.T) string {
	u, err := user.Current()
	if err != nil {
		t.Skip("there is no user:", err)
	}
	return u.Username
}

// Each verb: its calls, its output, and the same as JSON.
func TestVerbs(t *testing.T) {
	for args, want := range map[string]struct{ called, text, json string }{
		"create":           {"create", `backfill "s" can be started`, `"session":"s"`},
		"start":            {"start", `backfill "s" is Running: workflow ma/bulk-load-s, run 1`, `"state":"Running"`},
		"restart":          {"restart", `is Running`, `"run":1`},
		"status":           {"status", "shards  10 of 40 completed (25 %), 4 in progress, 26 waiting; about 5s left\n  pods    4 running, 0 pending, 4 desired\n● bulk-load-s", `"completed":10`},
		"history":          {"list argoservice.opensearch.org/session=s", `run 1 of "s" is Succeeded: workflow ma/backfill-s, deleted from the cluster`, `"run":2`},
		"gates":            {"gates", "gate approve has been waiting since", `[{"id":"id-approve"`},
		"approve approve":  {"gates, approve", "gate approve was approved\n", `"name":"approve"`},
		"approve --all":    {"gates, approve", "was approved", `[{`},
		"reject approve":   {"reject", "gate approve was rejected\n", `"name":"approve"`},
		"pause":            {"pause", `backfill "s" is paused`, `"message":"is paused`},
		"scale 3":          {"scale", `should have 3 workers`, `3 workers`},
		"stop":             {"stop", "was asked to stop", `"session":"s"`},
		"stop --wait":      {"stop and wait", "is Running", `"state":"Running"`},
		"archive":          {"archive", "The working state index '.migrations_working_state_s' does not exist\n", `"missing":true`},
		"restore old.json": {"restore old.json", "41 documents of old.json were restored\n", `"documents":41`},
		"describe":         {"", "Endpoint: https://target:9200\n", `"Username":"admin"`},
	} {
		t.Run(args, func(t *testing.T) {
			var out, stderr bytes.Buffer
			f := &fake{statuses: []*backfill.Status{withShards(running(), 10)}, waiting: []workflow.Gate{gate("approve", approvedBy)}}
			f.workflows = &fakeWorkflows{of: f, runs: runs()}
			code := f.program(&out, &stderr).run(t.Context(), fields(args))
			called := strings.TrimPrefix(want.called+", released", ", ")
			if got := strings.Join(f.called, ", "); code != exitOK || got != called || !strings.Contains(out.String(), want.text) || stderr.Len() > 0 {
				t.Errorf("%d, %s, %s, %q", code, got, out.String(), stderr.String())
			}
			out.Reset()
			code = f.program(&out, &stderr).run(t.Context(), fields(args+" -o json"))
			var r workflow.Result[any]
			if err := json.Unmarshal(out.Bytes(), &r); code != exitOK || err != nil || !r.Success() || r.Data == nil || strings.Count(out.String(), "\n") != 1 || !strings.Contains(out.String(), want.json) {
				t.Errorf("JSON: %d, %v, %s", code, err, out.String())
			}
			if strings.Contains(out.String(), "very secret") {
				t.Error("a secret was shown")
			}

			out.Reset()
			if args == "describe" {
				return
			}
			f.err = workflow.ErrForbidden
			if code := f.program(&out, &stderr).run(t.Context(), fields(args)); code != exitForbidden || out.Len() > 0 || strings.Count(stderr.String(), "\n") != 1 {
				t.Errorf("refused: %d, %q, %q", code, out.String(), stderr.String())
			}
			if code := f.program(&out, &stderr).run(t.Context(), fields("-o json "+args)); code != exitForbidden || out.String() != `{"success":false,"error":"not permitted"}`+"\n" {
				t.Errorf("refused, JSON: %d, %q", code, out.String())
			}
		})
	}
}

func TestWhatIsPassedOn(t *testing.T) {
	f := &fake{}
	for _, args := range []string{"scale 7", "archive --dir d --file f", "reject a b --message why", "approve c --message fine", "status --watch --every 500ms"} {
		f.statuses = []*backfill.Status{ended(backfill.StateSucceeded, status.PhaseSucceeded)}
		if code := f.program(&bytes.Buffer{}, &bytes.Buffer{}).run(t.Context(), fields(args)); code != exitOK {
			t.Errorf("%s: %d", args, code)
		}
	}
	if f.workers != 7 || f.archiving != (backfill.ArchiveOptions{Dir: "d", File: "f"}) ||
		strings.Join(f.rejection.Gates, " ") != "a b" || f.rejection.Message != "why" || f.rejection.All ||
		strings.Join(f.approval.Gates, " ") != "c" || f.approval.Message != "fine" ||
		f.following != (backfill.FollowOptions{PodsEvery: 500 * time.Millisecond, ShardsEvery: 500 * time.Millisecond}) {
		t.Errorf("%+v", f)
	}
}

func TestWhoApproves(t *testing.T) {
	me := me(t)
	for name, tc := range map[string]struct {
		args    string
		waiting []workflow.Gate
		want    string // approved-by; "": nothing is supplied
	}{
		"by name":            {"a", []workflow.Gate{gate("a", approvedBy)}, me},
		"by id":              {"id-a", []workflow.Gate{gate("a", "budget", approvedBy)}, me},
		"by pattern":         {"a* b", []workflow.Gate{gate("ab", approvedBy)}, me},
		"all":                {"--all", []workflow.Gate{gate("x"), gate("a", approvedBy)}, me},
		"as said":            {"a --output approved-by=ann", []workflow.Gate{gate("a", approvedBy)}, "ann"},
		"one that is silent": {"a", []workflow.Gate{gate("a"), gate("b", approvedBy)}, ""},
		"one that is over":   {"a", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fake{waiting: tc.waiting}
			if code := f.program(&bytes.Buffer{}, &bytes.Buffer{}).run(t.Context(), fields("approve "+tc.args)); code != exitOK {
				t.Fatalf("%d", code)
			}
			got, given := f.approval.Outputs[approvedBy]
			if given != (tc.want != "") || given && got != tc.want {
				t.Errorf("%v", f.approval)
			}
			if f.approval.By != me {
				t.Errorf("by %q", f.approval.By)
			}
		})
	}
}

func TestGatesShowTheirApproveCommand(t *testing.T) {
	yes := "yes"
	g := gate("approve(0:it's)", approvedBy, "budget")
	g.Message = "look\nfirst"
	g.Outputs = append(g.Outputs, workflow.GateOutput{Name: "sure", Description: "are you", Enum: []string{"yes", "no"}, Default: &yes})
	var out bytes.Buffer
	f := &fake{waiting: []workflow.Gate{g}}
	if code := f.program(&out, &out).run(t.Context(), fields("--context c gates --kubeconfig k --journal j.db")); code != exitOK {
		t.Errorf("%d", code)
	}
	for _, want := range []string{
		"look first\n",
		`  approve it with: backfill --config 'my file.yaml' --kubeconfig k --context c --journal j.db approve --output budget=… -- 'approve(0:it'\''s)'` + "\n",
		"  takes budget\n", "  takes sure: are you; one of yes, no; default \"yes\"\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in %s", want, out.String())
		}
	}
	for args, want := range map[string]string{"gates": "no gate is waiting\n", "approve a": "no gate was left to be approved\n"} {
		out.Reset()
		if code := (&fake{}).program(&out, &out).run(t.Context(), fields(args)); code != exitOK || out.String() != want {
			t.Errorf("%d, %q", code, out.String())
		}
	}
}

func TestDescribeLeavesOutWhatIsNotSet(t *testing.T) {
	var out bytes.Buffer
	if code := (&fake{}).program(&out, &out).run(t.Context(), fields("describe")); code != exitOK {
		t.Error(code)
	}
	text := out.String()
	if !strings.Contains(text, "Password: '*****'") || strings.Contains(text, "SigV4") || strings.Contains(text, "secret") || strings.Contains(text, "AllowInsecure") {
		t.Error(text)
	}
}
