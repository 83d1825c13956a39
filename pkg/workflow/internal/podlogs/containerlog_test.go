package podlogs

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// waiting is what a kubelet answers for a container that has not started.
const waiting = `container "main" in pod "p" is waiting to start: ContainerCreating`

func TestLogContinuesAfterTailOfNone(t *testing.T) {
	k := &keptLog{lines: regular(), end: "\n"}
	l := k.log()
	l.tail, l.limit = new(int64(0)), int64(len("new\n")) // of emitted text
	if got, err := readPart(t, l); err != nil || len(got) != 0 {
		t.Fatalf("%q, %v, want none", got, err)
	}
	k.lines = append(k.lines, rawLine{time: k.lines[len(k.lines)-1].time.Add(1), text: "new"})
	if got, err := readAll(l); err != nil || !slices.Equal(got, []string{"new"}) {
		t.Errorf("%q, %v, want what was written since", got, err)
	}
	for i, q := range k.queries {
		if (q.tail != nil) != (i == 0) {
			t.Errorf("request %d has tail %v", i, q.tail)
		}
	}
}

// The tail applies to what had been written when the log was first read. Nothing that is written
// later is excluded, however the first request ended.
func TestTailAppliesToFirstAnswerOnly(t *testing.T) {
	later := regular()
	const unfinished = "2026-11-23T09:00:01Z so far"
	for name, tc := range map[string]struct {
		past []answer
		want []string
	}{
		"empty":           {[]answer{serves("")}, texts(later)},
		"not started":     {[]answer{refuses(http.StatusBadRequest, metav1.StatusReasonBadRequest, waiting)}, texts(later)},
		"unfinished line": {[]answer{serves(unfinished), serves(unfinished)}, append([]string{"so far, and the rest"}, texts(later)...)},
	} {
		for _, tail := range []int64{0, 1} {
			t.Run(fmt.Sprintf("%s, tail of %d", name, tail), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					k := &keptLog{end: "\n", answers: tc.past}
					l := k.log()
					l.tail = &tail
					if got, err := readPart(t, l); err != nil || len(got) != 0 {
						t.Fatalf("%q, %v, want none", got, err)
					}
					if name == "unfinished line" {
						at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
						k.lines = []rawLine{{time: at, text: "old"}, {time: at.Add(time.Second), text: "so far, and the rest"}}
					}
					k.lines = append(k.lines, later...)
					l.open = func(ctx context.Context, q query) (io.ReadCloser, error) {
						body, err := k.open(ctx, q)
						if !q.follow {
							return body, err
						}
						return io.NopCloser(io.MultiReader(body, untilDone{ctx})), err
					}
					if got, _ := follow(t, l, containerEnded, time.Minute); !slices.Equal(got, tc.want) {
						t.Errorf("%q, want %q", got, tc.want)
					}
				})
			})
		}
	}
}

func TestLogTailOfNoneWithoutLineFeed(t *testing.T) {
	k := &keptLog{lines: regular(), end: ""}
	l := k.log()
	l.tail = new(int64(0))
	if got, err := readAll(l); err != nil || len(got) != 0 {
		t.Errorf("%q, %v, want none", got, err)
	}
}

// While a container runs, its unfinished line does not count as a line.
func TestLogLeavesUnfinishedLine(t *testing.T) {
	k := &keptLog{lines: regular(), end: ""}
	l := k.log()
	got, err := readPart(t, l)
	if want := k.texts()[:len(k.lines)-1]; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	k.lines[len(k.lines)-1].text += " and the rest"
	k.end = "\n"
	if got, err := readAll(l); err != nil || !slices.Equal(got, []string{"4 and the rest"}) {
		t.Errorf("%q, %v, want the whole line", got, err)
	}
}

func TestLogLimit(t *testing.T) {
	lines := difficult()
	for limit := int64(1); limit < 200; limit++ {
		l := (&keptLog{lines: lines, end: "\n"}).log()
		l.limit = limit
		got, err := readAll(l)
		if err != nil {
			t.Fatal(err)
		}
		size, want := int64(0), []string(nil)
		for _, line := range lines {
			if size += int64(len(line.text)) + 1; size > limit {
				break
			}
			want = append(want, line.text)
		}
		if !slices.Equal(got, want) {
			t.Errorf("limit %d: %q, want %q", limit, got, want)
		}
	}
}

func TestLogErrors(t *testing.T) {
	refused := func(code int, reason metav1.StatusReason) answer { return refuses(code, reason, "") }
	badRequest := func(text string) []answer {
		return []answer{refuses(http.StatusBadRequest, metav1.StatusReasonBadRequest, text)}
	}
	const lost = `failed to try resolving symlinks in path "/var/log/pods/p/main/0.log": lstat /var/log/pods/p/main/0.log: no such file or directory`
	for _, tc := range []struct {
		name    string
		answers []answer
		always  bool // the answers repeat forever
		lines   bool
		is      func(error) bool // nil: there is no error
	}{
		{"no pod", []answer{refused(http.StatusNotFound, metav1.StatusReasonNotFound)}, false, false, nil},
		{"has not started", badRequest(waiting), false, false, nil},
		{"has no status yet", badRequest(`container "main" in pod "p" is not available`), false, false, nil},
		{"has never started", badRequest(`container "main" in pod "p" is terminated`), false, false, nil},
		{"has no previous instance", badRequest(`previous terminated container "main" in pod "p" not found`), false, false, nil},
		{"KWOK, nothing written", badRequest(`no logs found for container "main" in pod "ns/p"`), false, false, nil},
		{"KWOK, written for another", badRequest(`log target not found for container "main" in pod "ns/p"`), false, false, nil},
		{"a file that is missing for a while", badRequest(`failed to open log file "/var/log/pods/p/main/0.log": too many open files`), false, true, nil},
		{"a file that is lost", badRequest(`failed to open log file "/var/log/pods/p/main/0.log": no such file or directory`), true, false, isUnavailable},
		{"a container that the runtime has lost", badRequest("unable to retrieve container logs for containerd://1"), true, false, isUnavailable},
		{"a file that is missing for a while, with code 200", []answer{serves(lost), serves(lost)}, false, true, nil},
		{"a file that is lost, with code 200", []answer{serves(lost)}, true, false, isUnavailable},
		{"a container that the runtime has lost, with code 200", []answer{serves("unable to retrieve container logs for containerd://1")}, true, false, isUnavailable},
		{"forbidden", []answer{refused(http.StatusForbidden, metav1.StatusReasonForbidden)}, false, false, apierrors.IsForbidden},
		{"too many", []answer{refused(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests)}, false, true, nil},
		{"a kubelet that is unreachable for a while", []answer{
			refused(http.StatusInternalServerError, metav1.StatusReasonInternalError),
			refused(http.StatusInternalServerError, metav1.StatusReasonInternalError),
		}, false, true, nil},
		{"a kubelet that stays unreachable", []answer{refused(http.StatusInternalServerError, metav1.StatusReasonInternalError)}, true, false, isUnavailable},
		{"a connection that always breaks", []answer{brokenAt(3, io.ErrUnexpectedEOF)}, true, false, isUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: difficult(), end: "\n", answers: tc.answers}
				if tc.always {
					k.answers = slices.Repeat(tc.answers, 1000)
				}
				got, err := readAll(k.log())
				if (len(got) > 0) != tc.lines {
					t.Errorf("%d lines", len(got))
				}
				if err != nil != (tc.is != nil) || err != nil && !tc.is(err) {
					t.Errorf("%v", err)
				}
				if slices.ContainsFunc(got, isReadError) {
					t.Errorf("a line is an error: %q", got)
				}
			})
		})
	}
}

// Wherever a kubelet fails within a log, its error is no line, and what it served before is not lost.
func TestKubeletFailsWithinLog(t *testing.T) {
	for _, failure := range []string{
		`failed to read log file "/var/log/pods/p/main/0.log": input/output error`,
		"rpc error: code = Unavailable desc = transport is closing", "any other words",
	} {
		for n := range difficult() {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: difficult(), end: "\n"}
				fails := func(text string) (io.ReadCloser, error) {
					served := strings.Join(strings.SplitAfter(text, "\n")[:n], "")
					return io.NopCloser(strings.NewReader(served + failure)), nil
				}
				k.answers = []answer{fails, serves("rpc error: "), serves("unable to retrieve container logs for containerd://1")}
				l := k.log()
				if got, err := readAll(l); err != nil || !slices.Equal(got, k.texts()) {
					t.Errorf("%s after %d lines: %q, %v", failure, n, got, err)
				}
			})
		}
	}
}
