package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// forged displays differently on a terminal than its content, in every way there is.
const forged = "a\x1b[2K\r\u009b2J\x7f\u202e\u200b\u2028\xff\nforged"

// forgery returns a backfill in which every string comes from an attacker.
func forgery() *backfill.Status {
	st := atGate(workflow.Gate{ID: "id\x1b", Name: "g" + forged, Message: forged, Since: began(), Outputs: []workflow.GateOutput{
		{Name: "o" + forged, Description: forged, Enum: []string{forged}}, {Name: "p", Default: new(string)},
	}})
	*st.Gates.Data[0].Outputs[1].Default = forged
	st.Workflow.Message = forged
	st.Workflow.Nodes = []*status.Node{
		{ID: "p", DisplayName: "n" + forged, Message: forged, Type: status.NodeTypePod, Phase: status.NodeRunning},
		{ID: "q", DisplayName: "m" + forged, Message: forged, Type: status.NodeTypePod, Phase: status.NodeFailed},
	}
	st.Failed.Data = st.Workflow.Nodes[1:]
	return st
}

// expectPlain fails if a string has anything but lines of visible characters.
func expectPlain(t *testing.T, what, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Errorf("%s is not UTF-8: %q", what, text)
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsGraphic(r) {
			t.Errorf("%s has %q: %q", what, r, text)
			return
		}
	}
}

func TestNothingForgedIsShown(t *testing.T) {
	for _, args := range []string{"status", "gates", "approve a", "reject a", "start", "status --watch", "stop --wait", "describe", "pause"} {
		for _, format := range []string{"", " -o json"} {
			for _, err := range []error{nil, errors.New("why: " + forged)} {
				st := forgery()
				f := &fake{statuses: []*backfill.Status{st}, waiting: st.Gates.Data, err: err}
				_, out, stderr := follow(t, args+format, f)
				expectPlain(t, args+format, out)
				expectPlain(t, args+format+" as an error", stderr)
				if strings.Count(stderr, "\n") > 1 || out+stderr == "" {
					t.Errorf("%s%s: %q", args, format, stderr)
				}
				if strings.Contains("\n"+out, "\nforged") {
					t.Errorf("%s%s: a name makes a line of its own: %s", args, format, out)
				}
				for line := range strings.Lines(out) {
					if format != "" && !json.Valid([]byte(line)) {
						t.Errorf("%s%s: %s", args, format, line)
					}
				}
			}
		}
	}
}

func TestCommandLineErrorsAreShownUnchanged(t *testing.T) {
	for _, args := range [][]string{{forged}, {"--" + forged}, {"scale", forged}, {"pause", forged}, {"-o", forged, "pause"}} {
		var out, stderr bytes.Buffer
		(&fake{}).program(&out, &stderr).run(t.Context(), append([]string{"--config", "c"}, args...))
		expectPlain(t, strings.Join(args, " "), out.String()+stderr.String())
		if strings.Count(stderr.String(), "\n") != 1 {
			t.Errorf("%q", stderr.String())
		}
	}
}

// The only control sequences on a terminal are the program's own.
func TestTheScreenShowsNothingForged(t *testing.T) {
	var out bytes.Buffer
	s := &screen{out: &out, size: func() (int, int, error) { return 2000, 400, nil }}
	v := &liveView{hints: hints{"backfill"}, screen: s, closed: make(chan struct{})}
	if err := v.show(forgery()); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	for _, own := range []string{"\r", "\x1b[K", "\x1b[J"} {
		text = strings.ReplaceAll(text, own, "")
	}
	expectPlain(t, "the screen", text)
	if n := strings.Count(out.String(), "\r"); n != 1 || s.drawn != strings.Count(out.String(), "\n") {
		t.Errorf("%d returns, %d lines: %q", n, s.drawn, out.String())
	}
}

// A terminal wraps long lines: what follows many spaces would begin a line there.
func TestNothingBeginsALine(t *testing.T) {
	forged := "release \u00a0 \u3000" + strings.Repeat(" ", 60) + "\n\t gate other waits"
	st := forgery()
	value := forged
	st.Gates.Data[0] = workflow.Gate{ID: "g", Name: forged, Message: forged, Outputs: []workflow.GateOutput{
		{Name: forged, Description: forged, Enum: []string{forged}, Default: &value},
	}}
	st.Workflow.Message = forged
	for _, n := range st.Workflow.Nodes {
		n.DisplayName, n.Message = forged, forged
	}
	st.Pods.Err, st.Shards.Err = errors.New(forged), errors.New(forged)
	for _, args := range []string{"status", "gates", "approve g", "status --watch"} {
		_, out, _ := follow(t, args, &fake{statuses: []*backfill.Status{st}, waiting: st.Gates.Data})
		for line := range strings.Lines(out) {
			if strings.Contains(line, "        ") || strings.HasPrefix(line, "gate other") {
				t.Errorf("%s: %q", args, line)
			}
		}
	}
	var out bytes.Buffer
	s := &screen{out: &out, size: func() (int, int, error) { return 20, 5, nil }}
	for _, name := range []string{strings.Repeat("日", 100), strings.Repeat("a日", 100), strings.Repeat("x", 100), "x" + strings.Repeat("\U0001F3FB", 100)} {
		out.Reset()
		if err := s.draw([]string{name}); err != nil {
			t.Fatal(err)
		}
		columns := 0
		for _, r := range out.String() {
			switch r {
			case '日', '\U0001F3FB':
				columns += 2
			case 'a', 'x', '…':
				columns++
			}
		}
		if columns < 17 || columns > 19 {
			t.Errorf("%d columns of 20: %q", columns, out.String())
		}
	}
}

func TestLongTextsAndListsAreCut(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	st := forgery()
	st.Workflow.Message = long
	for range 1000 {
		g := gate(long, long)
		g.Message, g.Outputs[0].Enum, g.Outputs[0].Description = long, []string{long, long}, long
		st.Gates.Data = append(st.Gates.Data, g)
		st.Failed.Data = append(st.Failed.Data, &status.Node{DisplayName: long, Message: long})
		st.Workflow.Nodes = append(st.Workflow.Nodes, &status.Node{ID: long, DisplayName: long[:2000], Type: status.NodeTypePod, Phase: status.NodeFailed})
	}
	for range 100 {
		st.Gates.Data[0].Outputs = append(st.Gates.Data[0].Outputs, workflow.GateOutput{Name: long, Enum: []string{long}})
	}
	for _, args := range []string{"status", "gates", "approve a", "status --watch"} {
		_, out, _ := follow(t, args, &fake{statuses: []*backfill.Status{st}, waiting: st.Gates.Data})
		if len(out) > 2<<20 || !strings.Contains(out, "more") {
			t.Errorf("%s: %d bytes", args, len(out))
		}
	}
}

// A hint is copied into a shell. There it approves this gate, and does nothing else.
func TestHintsApproveOnlyTheirGate(t *testing.T) {
	argv := func(line string) []string { // splits as a shell does, without the program
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "sh", "-c", `for word; do printf '%s\0' "$word"; done`, "sh", line).Output()
		if err != nil {
			t.Fatal(err)
		}
		line = strings.TrimSuffix(string(out), "\x00")
		out, err = exec.CommandContext(t.Context(), "sh", "-c", `backfill() { printf '%s\0' "$@"; }; `+line).Output()
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	}
	other := gate("other")
	var many []string
	for i := range 10_000 {
		many = append(many, fmt.Sprint("output-", i))
	}
	for name, tc := range map[string]struct {
		gate workflow.Gate
		want string // "": no hint
	}{
		"as usual":             {gate("approve", approvedBy, "budget"), "approve"},
		"an item":              {gate("approve(0:it's)"), "approve(0:it's)"},
		"a flag":               {gate("--all"), "--all"},
		"a short flag":         {gate("-o"), "-o"},
		"a word":               {gate("$(touch /tmp/x);`id`&|<>\"!#~ a"), "$(touch /tmp/x);`id`&|<>\"!#~ a"},
		"a path of zsh":        {gate("=ls"), "=ls"},
		"an output":            {gate("a", "$(id) --all"), "a"},
		"an output as a flag":  {gate("a", "--all"), "a"},
		"a pattern":            {gate("appr*"), "id-appr"},
		"a list":               {gate("[a-z]"), "id-[a-z]"},
		"a break":              {gate("a\n--all"), "id-a"},
		"unseen":               {gate("a\u200b"), "id-a"},
		"nothing":              {gate(""), "id-"},
		"as another":           {gate("other"), ""},
		"as another's id":      {gate("id-other"), "id-id-other"},
		"two values in one":    {gate("a", "b=c"), ""},
		"an output that hides": {gate("a", "b\x1b[2K"), ""},
		"too long to read":     {gate(strings.Repeat("a", 300)), ""},
		"a strange space":      {gate("a\u00a0b"), ""},
		"many spaces":          {gate("a   b"), ""},
		"too much to read":     {gate("a", many...), ""},
	} {
		g := tc.gate
		if strings.HasPrefix(tc.want, "id-") && tc.want != "id-id-other" {
			g.ID = strings.TrimSuffix(tc.want, "[a-z]") + "x" // like Argo's IDs
			tc.want = g.ID
		}
		hint := hints{"backfill --config c"}.approve(g, []workflow.Gate{g, other})
		if tc.want == "" {
			if hint != noHint {
				t.Errorf("%s: %q", name, hint)
			}
			continue
		}
		c, err := parse(argv(hint))
		if err != nil {
			t.Errorf("%s: %q: %v", name, hint, err)
			continue
		}
		outputs, err := parseOutputs(c.outputs)
		if err != nil || c.verb.name != "approve" || c.all || len(c.operands) != 1 || c.operands[0] != tc.want {
			t.Errorf("%s: %q is %v, all: %t, %v", name, hint, c.operands, c.all, err)
		}
		for _, o := range g.Outputs {
			if _, ok := outputs[o.Name]; !ok && o.Name != approvedBy || len(outputs) > len(g.Outputs) {
				t.Errorf("%s: %q gives %v", name, hint, outputs)
			}
		}
		if !g.Matches(c.operands[0]) || other.Matches(c.operands[0]) {
			t.Errorf("%s: %q means another gate", name, hint)
		}
	}
}
