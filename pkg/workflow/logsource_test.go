package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// keptLog is a container's log, served as a kubelet does: since has whole seconds, tail
// comes first.
type keptLog struct {
	lines []rawLine
	end   string // of the text: a line feed, or none after a last line without
	// answers happen to the requests in turn, before the log is served as it is.
	answers []answer
	queries []logQuery
	always  bool // whatever it is asked for, it serves the whole
}

type answer func(text string) (io.ReadCloser, error)

func (k *keptLog) open(_ context.Context, query logQuery) (io.ReadCloser, error) {
	k.queries = append(k.queries, query)
	lines := k.lines
	if query.tail != nil {
		lines = lines[max(0, len(lines)-int(*query.tail)):]
	}
	var text strings.Builder
	for i, line := range lines {
		if !k.always && line.time.Before(query.since.Truncate(time.Second)) {
			continue
		}
		text.WriteString(line.time.Format("2006-01-02T15:04:05.000000000Z07:00") + " " + line.text)
		if i < len(lines)-1 {
			text.WriteString("\n")
		} else {
			text.WriteString(k.end)
		}
	}
	if n := len(k.queries); n <= len(k.answers) {
		return k.answers[n-1](text.String())
	}
	return io.NopCloser(strings.NewReader(text.String())), nil
}

func (k *keptLog) texts() []string { return texts(k.lines) }

func texts(lines []rawLine) []string {
	var texts []string
	for _, line := range lines {
		texts = append(texts, line.text)
	}
	return texts
}

func (k *keptLog) source() *logSource {
	return &logSource{
		line: LogLine{Pod: "p", Container: "main"}, open: k.open, position: newLogPosition(time.Time{}), retryFor: time.Minute,
		state: logContainer{started: true, ended: true},
	}
}

// brokenAt serves the first n bytes, and then an error, or an end that looks regular.
func brokenAt(n int, err error) answer {
	return func(text string) (io.ReadCloser, error) {
		n := min(n, len(text))
		return io.NopCloser(io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(err))), nil
	}
}

func collect(s *logSource) ([]string, error) {
	var texts []string
	err := s.past(context.Background(), true, func(line LogLine) error {
		texts = append(texts, line.Text)
		return nil
	})
	return texts, err
}

// soFar reads what there is of a log that goes on.
func soFar(t *testing.T, s *logSource) ([]string, error) {
	t.Helper()
	var texts []string
	err := s.past(t.Context(), false, func(line LogLine) error {
		texts = append(texts, line.Text)
		return nil
	})
	return texts, err
}

// difficult is a log with lines that are hard to tell from each other: of the same second,
// the same time, the same text, out of order.
func difficult() []rawLine {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	at := func(d time.Duration, text string) rawLine { return rawLine{time: start.Add(d), text: text} }
	return []rawLine{
		at(0, "first"), at(0, "first"), at(1, "first"),
		at(900*time.Millisecond, "a"), at(1100*time.Millisecond, "from one stream"), at(990*time.Millisecond, "from the other"),
		at(1100*time.Millisecond, ""), at(1100*time.Millisecond, ""), at(1999999999, "just before"), at(2*time.Second, "on the second"),
		at(2*time.Second, "2026-11-23T10:00:00Z looks like a time"),
		at(10*time.Second, "after a while\r"), at(10*time.Second+1, "last"), at(10*time.Second+1, "last"),
	}
}

// Wherever a stream breaks, and however, what is read is each line once, in order.
func TestLogResumesWhereItBroke(t *testing.T) {
	for _, end := range []string{"\n", ""} {
		whole := &keptLog{lines: difficult(), end: end}
		body, err := whole.open(t.Context(), logQuery{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		for at := range len(text) + 1 {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: difficult(), end: end, answers: []answer{brokenAt(at, io.ErrUnexpectedEOF), brokenAt(at/2, errors.New("stream error"))}}
				got, err := collect(k.source())
				if err != nil || !slices.Equal(got, k.texts()) {
					t.Errorf("broken at byte %d: %q, %v", at, got, err)
				}
				// One that ends in a line with what looks like its regular end is found out as well.
				if at == 0 || at == len(text) || text[at-1] == '\n' {
					return
				}
				k = &keptLog{lines: difficult(), end: end, answers: []answer{brokenAt(at, io.EOF)}}
				if got, err := collect(k.source()); err != nil || !slices.Equal(got, k.texts()) {
					t.Errorf("ended at byte %d: %q, %v", at, got, err)
				}
			})
		}
	}
}

// Not every server heeds the time that it is asked for.
func TestLogResumesOnServerThatSendsEverythingAgain(t *testing.T) {
	whole := (&keptLog{lines: difficult()}).texts()
	for at := range 600 {
		synctest.Test(t, func(t *testing.T) {
			k := &keptLog{lines: difficult(), end: "\n", always: true, answers: []answer{brokenAt(at, io.ErrUnexpectedEOF)}}
			if got, err := collect(k.source()); err != nil || !slices.Equal(got, whole) {
				t.Errorf("broken at byte %d: %q, %v", at, got, err)
			}
		})
	}
}

func TestLogResumesAfterRotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := difficult()
		k := &keptLog{lines: lines, end: "\n"}
		k.answers = []answer{func(text string) (io.ReadCloser, error) {
			k.lines = lines[6:] // the rest is in a new file by the next request
			return brokenAt(strings.Index(text, "from the other"), io.ErrUnexpectedEOF)(text)
		}}
		got, err := collect(k.source())
		want := slices.Concat((&keptLog{lines: lines[:5]}).texts(), (&keptLog{lines: lines[6:]}).texts())
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q: all that there still is", got, err, want)
		}
	})
}

// A kubelet goes by the parts that a long line was cut into, so what it serves since a time
// can begin with the end of a line, without a time.
func TestLogDropsEndOfLineThatCameBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lines := difficult()
		k := &keptLog{lines: lines, end: "\n"}
		k.answers = []answer{
			func(text string) (io.ReadCloser, error) {
				return brokenAt(strings.Index(text, "just before"), io.ErrUnexpectedEOF)(text)
			},
			func(text string) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader("end of a long line\n" + text + "a note of the kubelet\n")), nil
			},
		}
		got, err := collect(k.source())
		if want := append(k.texts(), "a note of the kubelet"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	})
}

// regular is a log with lines of the same text, but not of the same time: of the latter,
// what comes again couldn't be told from what the tail had left out.
func regular() []rawLine {
	var lines []rawLine
	for i := range 10 {
		at := time.Date(2026, 11, 23, 10, 0, 0, 300*i*int(time.Millisecond), time.UTC)
		lines = append(lines, rawLine{time: at, text: fmt.Sprint(i / 2)})
	}
	return lines
}

func TestLogTail(t *testing.T) {
	lines := regular()
	for n := range len(lines) + 2 {
		for at := range 34 * len(lines) {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: lines, end: "\n", answers: []answer{brokenAt(at, io.ErrUnexpectedEOF)}}
				s := k.source()
				s.tail = new(int64(n))
				got, err := collect(s)
				if want := k.texts()[max(0, len(lines)-n):]; err != nil || !slices.Equal(got, want) {
					t.Errorf("tail of %d, broken at %d: %q, %v, want %q", n, at, got, err, want)
				}
			})
		}
	}
}

func TestLogSince(t *testing.T) {
	lines := regular()
	for n, line := range lines {
		for at := range 34 * len(lines) {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: lines, end: "\n", answers: []answer{brokenAt(at, io.ErrUnexpectedEOF)}}
				s := k.source()
				s.position = newLogPosition(line.time)
				if got, err := collect(s); err != nil || !slices.Equal(got, k.texts()[n:]) {
					t.Errorf("since %v, broken at %d: %q, %v, want %q", line.time, at, got, err, k.texts()[n:])
				}
			})
		}
	}
}

func TestLogGoesOnAfterTailOfNone(t *testing.T) {
	k := &keptLog{lines: regular(), end: "\n"}
	s := k.source()
	s.tail, s.limit = new(int64(0)), int64(len("new\n")) // of what is shown
	if got, err := soFar(t, s); err != nil || len(got) != 0 {
		t.Fatalf("%q, %v, want none", got, err)
	}
	k.lines = append(k.lines, rawLine{time: k.lines[len(k.lines)-1].time.Add(1), text: "new"})
	if got, err := collect(s); err != nil || !slices.Equal(got, []string{"new"}) {
		t.Errorf("%q, %v, want what was written since", got, err)
	}
	for i, query := range k.queries {
		if (query.tail != nil) != (i == 0) {
			t.Errorf("request %d has tail %v", i, query.tail)
		}
	}
}

// The tail is that of what there was when the log was first read: of what is written from
// then on nothing is left out, however the first request ended.
func TestLogTailIsOfFirstAnswerOnly(t *testing.T) {
	later := regular()
	const unfinished = "2026-11-23T09:00:01Z so far"
	for name, tc := range map[string]struct {
		past []answer
		want []string
	}{
		"empty":           {[]answer{serves("")}, texts(later)},
		"not started":     {[]answer{refuses(http.StatusBadRequest, metav1.StatusReasonBadRequest, waiting)}, texts(later)},
		"unfinished line": {[]answer{serves(unfinished)}, append([]string{"so far, and the rest"}, texts(later)...)},
	} {
		for _, tail := range []int64{0, 1} {
			t.Run(fmt.Sprintf("%s, tail of %d", name, tail), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					k := &keptLog{end: "\n", answers: tc.past}
					s := k.source()
					s.tail = &tail
					if got, err := soFar(t, s); err != nil || len(got) != 0 {
						t.Fatalf("%q, %v, want none", got, err)
					}
					if name == "unfinished line" {
						at := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
						k.lines = []rawLine{{time: at, text: "old"}, {time: at.Add(time.Second), text: "so far, and the rest"}}
					}
					k.lines = append(k.lines, later...)
					s.open = func(ctx context.Context, query logQuery) (io.ReadCloser, error) {
						body, err := k.open(ctx, query)
						if !query.follow {
							return body, err
						}
						return io.NopCloser(io.MultiReader(body, untilDone{ctx})), err
					}
					if got, _ := follow(t, s, false, time.Minute); !slices.Equal(got, tc.want) {
						t.Errorf("%q, want %q", got, tc.want)
					}
				})
			})
		}
	}
}

func serves(text string) answer {
	return func(string) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }
}

// waiting is what a kubelet says of a container that has not started.
const waiting = `container "main" in pod "p" is waiting to start: ContainerCreating`

func refuses(code int, reason metav1.StatusReason, text string) answer {
	return func(string) (io.ReadCloser, error) {
		return nil, &apierrors.StatusError{ErrStatus: metav1.Status{Code: int32(code), Reason: reason, Message: text}}
	}
}

func TestLogTailOfNoneWithoutLineFeed(t *testing.T) {
	k := &keptLog{lines: regular(), end: ""}
	s := k.source()
	s.tail = new(int64(0))
	if got, err := collect(s); err != nil || len(got) != 0 {
		t.Errorf("%q, %v, want none", got, err)
	}
}

// The times within a tail need not be in order.
func TestLogTailOutOfOrder(t *testing.T) {
	k := &keptLog{lines: difficult(), end: "\n"}
	s := k.source()
	n := len(k.lines) - slices.IndexFunc(k.lines, func(l rawLine) bool { return l.text == "from one stream" })
	s.tail = new(int64(n))
	if got, err := collect(s); err != nil || !slices.Equal(got, k.texts()[len(k.lines)-n:]) {
		t.Errorf("%q, %v, want the last %d lines", got, err, n)
	}
}

// What a container that runs has written of a line so far is not a line yet.
func TestLogLeavesUnfinishedLine(t *testing.T) {
	k := &keptLog{lines: regular(), end: ""}
	s := k.source()
	got, err := soFar(t, s)
	if want := k.texts()[:len(k.lines)-1]; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	k.lines[len(k.lines)-1].text += " and the rest"
	k.end = "\n"
	if got, err := collect(s); err != nil || !slices.Equal(got, []string{"4 and the rest"}) {
		t.Errorf("%q, %v, want the whole line", got, err)
	}
}

func TestLogLimit(t *testing.T) {
	lines := difficult()
	for limit := int64(1); limit < 200; limit++ {
		s := (&keptLog{lines: lines, end: "\n"}).source()
		s.limit = limit
		got, err := collect(s)
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
	for _, tc := range []struct {
		name    string
		answers []answer
		always  bool // the last answer goes on for ever
		lines   bool
		kind    error
	}{
		{"no pod", []answer{refused(http.StatusNotFound, metav1.StatusReasonNotFound)}, false, false, nil},
		{"has not started", badRequest(waiting), false, false, nil},
		{"has no status yet", badRequest(`container "main" in pod "p" is not available`), false, false, nil},
		{"has never started", badRequest(`container "main" in pod "p" is terminated`), false, false, nil},
		{"has no previous instance", badRequest(`previous terminated container "main" in pod "p" not found`), false, false, nil},
		{"KWOK, nothing written", badRequest(`no logs found for container "main" in pod "ns/p"`), false, false, nil},
		{"KWOK, written for another", badRequest(`log target not found for container "main" in pod "ns/p"`), false, false, nil},
		{"a file that is away for a while", badRequest(`failed to open log file "/var/log/pods/p/main/0.log": too many open files`), false, true, nil},
		{"a file that is lost", badRequest(`failed to open log file "/var/log/pods/p/main/0.log": no such file or directory`), true, false, ErrUnavailable},
		{"a container that the runtime has lost", badRequest("unable to retrieve container logs for containerd://1"), true, false, ErrUnavailable},
		{"forbidden", []answer{refused(http.StatusForbidden, metav1.StatusReasonForbidden)}, false, false, ErrForbidden},
		{"too many", []answer{refused(http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests)}, false, true, nil},
		{"a kubelet that is away for a while", []answer{
			refused(http.StatusInternalServerError, metav1.StatusReasonInternalError),
			refused(http.StatusInternalServerError, metav1.StatusReasonInternalError),
		}, false, true, nil},
		{"a kubelet that is gone", []answer{refused(http.StatusInternalServerError, metav1.StatusReasonInternalError)}, true, false, ErrUnavailable},
		{"always broken", []answer{brokenAt(3, io.ErrUnexpectedEOF)}, true, false, ErrUnavailable},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := &keptLog{lines: difficult(), end: "\n", answers: tc.answers}
				if tc.always {
					k.answers = slices.Repeat(tc.answers, 1000)
				}
				got, err := collect(k.source())
				if (len(got) > 0) != tc.lines {
					t.Errorf("%d lines", len(got))
				}
				if err != nil {
					err = newError(OpLogs, "ns", "w", err)
				}
				for _, kind := range sentinels() {
					if errors.Is(err, kind) != errors.Is(tc.kind, kind) {
						t.Errorf("%v: is %v", err, kind)
					}
				}
			})
		})
	}
}

// What is remembered to tell repeated lines is a matter of seconds, not of the log's length.
func TestLogPositionIsSmall(t *testing.T) {
	p := newLogPosition(time.Time{})
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	for i := range 10000 {
		p.note(rawLine{time: start.Add(time.Duration(i) * 100 * time.Millisecond), text: fmt.Sprint(i)})
	}
	if n := len(p.recent); n > 30 {
		t.Errorf("%d lines are remembered", n)
	}
	for i := range 3 * recentLines {
		p.note(rawLine{time: start.Add(time.Hour + time.Duration(i)), text: fmt.Sprint(i)})
	}
	if n := len(p.recent); n > recentLines || cap(p.recent) > 4*recentLines {
		t.Errorf("%d lines of one second are remembered", n)
	}
}

// Of a container that writes very much, too, each line comes once wherever a stream breaks.
func TestBusyLogResumes(t *testing.T) {
	start := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	k := &keptLog{end: "\n"}
	size := 0
	for i := range 3 * recentLines { // in half a second; every third is late
		at := start.Add(time.Duration(i-i%3%2*500) * 40 * time.Microsecond)
		k.lines = append(k.lines, rawLine{time: at, text: fmt.Sprint(i)})
		size += len("2026-11-23T10:00:00.000000000Z \n") + len(fmt.Sprint(i))
	}
	for part := 1; part < 5; part++ {
		k.answers = append(k.answers, brokenAt(size*part/5, io.ErrUnexpectedEOF))
	}
	synctest.Test(t, func(t *testing.T) {
		if got, err := collect(k.source()); err != nil || !slices.Equal(got, k.texts()) {
			t.Errorf("%d lines of %d, %v", len(got), len(k.lines), err)
		}
	})
}

// Of a log that was read to its end nothing is remembered: the sources of a long workflow
// stay until all of them are read.
func TestFinishedLogIsForgotten(t *testing.T) {
	for _, end := range []string{"\n", ""} {
		s := (&keptLog{lines: difficult(), end: end}).source()
		if _, err := collect(s); err != nil || len(s.position.recent) > 0 || s.rest != (logRest{}) {
			t.Errorf("%v, %d lines and %v are remembered", err, len(s.position.recent), s.rest)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		const one = "2026-11-23T10:00:00Z one\n"
		s := followedSource(t, says(t, true, false, one))
		if got, _ := follow(t, s, true, time.Minute); len(got) != 1 || len(s.position.recent) > 0 {
			t.Errorf("%q, %d lines are remembered", got, len(s.position.recent))
		}
	})
}
