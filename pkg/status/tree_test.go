package status_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func exercise(s *status.WorkflowStatus) {
	_, _, _, _ = s.Outcome(), s.Err(), s.SuspendedNodes(), s.FailedNodes()
	_ = s.WriteTree(io.Discard, time.Time{}, status.TreeOptions{Groups: true})
}

// outline formats a tree as name(children…).
func outline(nodes []*status.TreeNode) string {
	var parts []string
	for _, n := range nodes {
		text := n.Title
		if n.Attempts > 0 {
			text += fmt.Sprintf("×%d", n.Attempts)
		}
		if len(n.Children) > 0 {
			text += "(" + outline(n.Children) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func TestTree(t *testing.T) {
	for name, tc := range map[string]struct{ nodes, plain, groups string }{
		"steps are lifted, in order of start": {
			nodes: `
    w: {name: w, displayName: w, type: Steps, startedAt: "2026-01-01T00:00:00Z", children: [g0]}
    g0: {name: "w[0]", displayName: "[0]", type: StepGroup, boundaryID: w, startedAt: "2026-01-01T00:00:00Z", children: [b]}
    a: {name: "w[1].a", displayName: a, type: Pod, boundaryID: w, startedAt: "2026-01-01T00:00:09Z"}
    b: {name: "w[0].b", displayName: b, type: Suspend, boundaryID: w, startedAt: "2026-01-01T00:00:01Z"}
    c: {name: "w[2].c", displayName: c, type: Skipped, phase: Skipped, boundaryID: w}`,
			plain: "b a c", groups: "b a c",
		},
		"an inner template is a branch if groups are kept": {
			nodes: `
    w: {name: w, displayName: w, type: DAG}
    d: {name: w.d, displayName: d, type: DAG, boundaryID: w}
    p: {name: w.d.p, displayName: p, type: Pod, boundaryID: d}
    q: {name: w.q, displayName: q, type: Pod, boundaryID: w}`,
			plain: "p q", groups: "d(p) q",
		},
		"loop items are numbered": {
			nodes: `
    w: {name: w, displayName: w, type: Steps, startedAt: "2026-01-01T00:00:00Z"}
    x10: {name: "w[0].p(10:k)", displayName: "p(10:k)", type: Pod, boundaryID: w, startedAt: "2026-01-01T00:00:00Z"}
    x9: {name: "w[0].p(9:j)", displayName: "p(9:j)", type: Pod, boundaryID: w, startedAt: "2026-01-01T00:00:00Z"}`,
			plain: "p(9:j) p(10:k)", groups: "p(9:j) p(10:k)",
		},
		"a retry is its last success": {
			nodes: `
    r: {name: w.check, displayName: check, type: Retry, phase: Succeeded, children: [r0, r1, r2]}
    r0: {name: w.check(0), displayName: check(0), type: Pod, phase: Failed, nodeFlag: {retried: true}}
    r1: {name: w.check(1), displayName: check(1), type: Pod, phase: Succeeded, nodeFlag: {retried: true}}
    r2: {name: w.check(2), displayName: check(2), type: Pod, phase: Failed, nodeFlag: {retried: true}}`,
			plain: "check×3", groups: "check×3",
		},
		"a retry of a group shows what is in the attempt that counts": {
			nodes: `
    r: {name: w.t, displayName: t, type: Retry, phase: Succeeded, children: [r0, r1]}
    r0: {name: w.t(0), displayName: t(0), type: Steps, phase: Failed}
    p0: {name: w.t(0).p, displayName: p, type: Pod, phase: Failed, boundaryID: r0}
    r1: {name: w.t(1), displayName: t(1), type: Steps, phase: Succeeded}
    p1: {name: w.t(1).q, displayName: q, type: Pod, phase: Succeeded, boundaryID: r1}`,
			plain: "q", groups: "t×2(q)",
		},
		"a retry without an attempt yet": {
			nodes: `
    r: {name: w.t, displayName: t, type: Retry, phase: Running}`,
			plain: "t", groups: "t",
		},
		"a retry between two attempts": {
			nodes: `
    r: {name: w.t, displayName: t, type: Retry, phase: Running, children: [r0, r1]}
    r0: {name: w.t(0), displayName: t(0), type: Pod, phase: Failed}
    r1: {name: w.t(1), displayName: t(1), type: Steps, phase: Failed}
    p1: {name: w.t(1).q, displayName: q, type: Pod, phase: Failed, boundaryID: r1}`,
			plain: "t×2", groups: "t×2",
		},
		"a group that failed by itself is shown": {
			nodes: `
    w: {name: w, displayName: w, type: Steps, phase: Failed}
    d: {name: w.d, displayName: d, type: DAG, phase: Error, boundaryID: w}`,
			plain: "d", groups: "d",
		},
		"a group whose step failed is not": {
			nodes: `
    w: {name: w, displayName: w, type: Steps, phase: Failed}
    g: {name: "w[0]", displayName: "[0]", type: StepGroup, phase: Failed, boundaryID: w, children: [p]}
    p: {name: "w[0].p", displayName: p, type: Pod, phase: Failed, boundaryID: w}`,
			plain: "p", groups: "p",
		},
		"a workflow that failed before its first step has no line but its own": {
			nodes: `
    w: {name: w, displayName: w, type: Steps, phase: Error}`,
		},
		"circles and dangling ids": {
			nodes: `
    a: {name: a, displayName: a, type: Pod, boundaryID: b}
    b: {name: b, displayName: b, type: Pod, boundaryID: a}
    c: {name: c, displayName: c, type: Pod, boundaryID: c, children: [c, gone]}
    d: {name: d, displayName: d, type: Pod, boundaryID: gone}
    r: {name: r, displayName: r, type: Retry, children: [r, gone, r0]}
    r0: {name: r(0), displayName: r(0), type: Retry, children: [r]}`,
			plain: "c d a(b) r×1", groups: "c d a(b) r×1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := readStatus(t, "metadata: {name: w}\nstatus:\n  nodes:"+tc.nodes)
			if got := outline(s.Tree(status.TreeOptions{})); got != tc.plain {
				t.Errorf("plain: %q, want %q", got, tc.plain)
			}
			if got := outline(s.Tree(status.TreeOptions{Groups: true})); got != tc.groups {
				t.Errorf("with groups: %q, want %q", got, tc.groups)
			}
		})
	}
}

func TestFailedNodes(t *testing.T) {
	for name, tc := range map[string]struct{ nodes, want string }{
		"the pod, not the groups around it": {
			nodes: `
    w: {name: w, displayName: w, type: Steps, phase: Failed, children: [g]}
    g: {name: "w[0]", displayName: "[0]", type: StepGroup, phase: Failed, boundaryID: w, children: [p, q]}
    p: {name: "w[0].p", displayName: p, type: Pod, phase: Failed, boundaryID: w}
    q: {name: "w[0].q", displayName: q, type: Pod, phase: Error, boundaryID: w}`,
			want: "p q",
		},
		"a group without a failed node in it": {
			nodes: `
    w: {name: w, displayName: w, type: DAG, phase: Failed}
    d: {name: w.d, displayName: d, type: DAG, phase: Error, boundaryID: w}`,
			want: "d",
		},
		"the last attempt": {
			nodes: `
    r: {name: w.c, displayName: c, type: Retry, phase: Failed, children: [r0, r1]}
    r0: {name: w.c(0), displayName: c(0), type: Pod, phase: Failed}
    r1: {name: w.c(1), displayName: c(1), type: Pod, phase: Failed}`,
			want: "c(1)",
		},
		"no attempt of a step that succeeded in the end": {
			nodes: `
    r: {name: w.c, displayName: c, type: Retry, phase: Succeeded, children: [r0, r1]}
    r0: {name: w.c(0), displayName: c(0), type: Steps, phase: Failed}
    p0: {name: w.c(0).p, displayName: p, type: Pod, phase: Failed, boundaryID: r0}
    r1: {name: w.c(1), displayName: c(1), type: Steps, phase: Succeeded}`,
			want: "",
		},
		"a failure that another task was waiting for comes after its own": {
			nodes: `
    w: {name: w, displayName: w, type: DAG, phase: Failed}
    a: {name: w.a, displayName: a, type: Pod, phase: Failed, boundaryID: w, children: [b]}
    b: {name: w.b, displayName: b, type: Pod, phase: Failed, boundaryID: w}`,
			want: "b a",
		},
		"a circle": {
			nodes: `
    a: {name: a, displayName: a, type: Pod, phase: Failed, boundaryID: b}
    b: {name: b, displayName: b, type: DAG, phase: Failed, boundaryID: a}`,
			want: "a",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := readStatus(t, "metadata: {name: w}\nstatus:\n  nodes:"+tc.nodes)
			var names []string
			for _, n := range s.FailedNodes() {
				names = append(names, n.DisplayName)
			}
			if got := strings.Join(names, " "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

func rendered(t *testing.T) *status.WorkflowStatus {
	return readStatus(t, `
metadata: {name: wf-1}
status:
  phase: Running
  progress: 1/4
  startedAt: "2026-01-01T00:00:00Z"
  nodes:
    wf-1: {name: wf-1, displayName: wf-1, type: Steps, phase: Running, startedAt: "2026-01-01T00:00:00Z"}
    i: {name: w.i, displayName: inner, type: DAG, phase: Running, boundaryID: wf-1, startedAt: "2026-01-01T00:00:01Z"}
    a: {name: w.a, displayName: a, type: Pod, phase: Succeeded, boundaryID: i, startedAt: "2026-01-01T00:00:01Z", finishedAt: "2026-01-01T00:01:02Z"}
    b: {name: w.b, displayName: b, type: Pod, phase: Failed, boundaryID: wf-1, startedAt: "2026-01-01T00:00:02Z", finishedAt: "2026-01-01T00:00:02Z", message: "boom\n\e[31m"}
    c: {name: w.c, displayName: approve, type: Suspend, phase: Running, boundaryID: wf-1, startedAt: "2026-01-01T00:00:03Z",
      outputs: {parameters: [{name: who, valueFrom: {supplied: {}}}, {name: "d\nry", valueFrom: {supplied: {}, default: secret}}, {name: set, value: x}]}}
    d: {name: w.d, displayName: d, type: Skipped, phase: Skipped, boundaryID: wf-1, startedAt: "2026-01-01T00:00:04Z"}
`)
}

func TestWriteTree(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 2, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		opts status.TreeOptions
		want string
	}{
		"unicode": {
			opts: status.TreeOptions{Groups: true},
			want: `
⏸ wf-1  Suspended  2m0s  1/4
├─ ● inner  1m59s
│  └─ ✔ a  1m1s
├─ ✖ b  0s  boom\n\u001b[31m
├─ ⏸ approve  1m57s  awaits who, d\nry
└─ ○ d
`,
		},
		"ASCII": {
			opts: status.TreeOptions{ASCII: true},
			want: "\n= wf-1  Suspended  2m0s  1/4\n|- + a  1m1s\n|- x b  0s  boom\\n\\u001b[31m\n|- = approve  1m57s  awaits who, d\\nry\n`- - d\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			if err := rendered(t).WriteTree(&b, now, tc.opts); err != nil {
				t.Fatal(err)
			}
			if got := "\n" + b.String(); got != tc.want {
				t.Errorf("%s\nwant%s", got, tc.want)
			}
		})
	}
}

// A hostile author can nest nodes arbitrarily deep.
func TestDeepTree(t *testing.T) {
	nodes := map[string]any{}
	for i := range 3000 {
		nodes[fmt.Sprint(i)] = map[string]any{"type": "DAG", "phase": "Failed", "boundaryID": fmt.Sprint(i + 1), "name": fmt.Sprint(i)}
	}
	s := decode(t, withStatus(map[string]any{"nodes": nodes}))
	var b strings.Builder
	if err := s.WriteTree(&b, time.Time{}, status.TreeOptions{Groups: true}); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines != 3001 || b.Len() > 3001*(maxIndent+20) {
		t.Errorf("%d lines, %d bytes", lines, b.Len())
	}
	if failed := s.FailedNodes(); len(failed) != 1 || failed[0].ID != "0" {
		t.Errorf("%d nodes failed", len(failed))
	}
}

const maxIndent = 1010

type failingWriter struct{ after int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.after--; w.after < 0 {
		return 0, errors.New("full")
	}
	return len(p), nil
}

func TestWriteTreeReportsTheWritersError(t *testing.T) {
	if err := rendered(t).WriteTree(&failingWriter{after: 2}, time.Now(), status.TreeOptions{}); err == nil || err.Error() != "full" {
		t.Errorf("%v", err)
	}
}

// A step that polls is a retry whose attempts fail by design, so it has not failed while it continues.
func TestTreeOfAStepBetweenTwoAttempts(t *testing.T) {
	s := readStatus(t, `
metadata: {name: w}
status:
  nodes:
    r: {id: r, name: w.t, displayName: t, type: Retry, phase: Running, message: Backoff for 1 second, children: [r0]}
    r0: {id: r0, name: w.t(0), displayName: t(0), type: Pod, phase: Failed, message: not finished yet}`)
	tree := s.Tree(status.TreeOptions{})
	if len(tree) != 1 || tree[0].Phase != status.NodeRunning || tree[0].Message != "Backoff for 1 second" || tree[0].Attempts != 1 {
		t.Errorf("%+v", tree)
	}
}
