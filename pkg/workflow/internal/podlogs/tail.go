package podlogs

import (
	"errors"
	"io"
	"slices"
	"strings"
)

// tailWindow is how many lines at the end of a log are searched for those of Argo's executor. It
// writes a few when the program has ended, and one for each output.
const tailWindow = 16

// countTail returns how many lines at the end of the log contain as many lines of the program as the
// tail says. It is the tail itself if the end of the log has no lines of Argo's executor.
func (l *containerLog) countTail(r *request, q query) (int64, error) {
	left := *l.tail
	if left == 0 {
		return 1, nil // 0 would leave no line to resume from, so one line is read but not emitted
	}
	if l.line.Container == "init" || l.line.Container == "wait" {
		return left, nil // the executor itself is the program
	}
	q.tail = new(int64(tailWindow))
	body, err := l.request(r, q)
	if err != nil {
		return 0, err
	}
	defer func() { _ = body.Close() }() // the lines have been read by then
	var ofExecutor []bool               // for each line
	lines := newLineReader(body, shortLine)
	for {
		continued := lines.inLine
		line, err := lines.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return 0, &brokenLogError{err: err}
		}
		if !continued && line != (rawLine{}) {
			ofExecutor = append(ofExecutor, isOfExecutor(line.text))
		}
		if err != nil {
			break
		}
	}
	for i, skipped := range slices.Backward(ofExecutor) {
		if skipped {
			continue
		}
		if left--; left == 0 {
			return int64(len(ofExecutor) - i), nil
		}
	}
	return int64(len(ofExecutor)) + left, nil
}

// isOfExecutor reports whether a line looks like one that Argo's executor ("emissary") writes into
// the log of the program that it runs: a line of its log, as text or JSON, all of which have the field
// argo, or the error with which it ends when the program has failed.
func isOfExecutor(text string) bool {
	switch {
	case strings.HasPrefix(text, "time="):
		return strings.Contains(text, " level=") && strings.Contains(text, " argo=true")
	case strings.HasPrefix(text, "{"):
		return strings.Contains(text, `"level":`) && strings.Contains(text, `"argo":true`)
	}
	return strings.HasPrefix(text, "Error: exit status ") || strings.HasPrefix(text, "Error: signal: ")
}
