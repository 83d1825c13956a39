package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// result is what a verb has to show. Its JSON becomes the data of a [workflow.Result].
type result interface {
	lines() ([]string, error)
}

// reporter shows the user the result, and chooses the exit code.
type reporter struct {
	out, stderr io.Writer
	json        bool
}

func (r reporter) succeeded(res result) int {
	write := writeText
	if r.json {
		write = func(w io.Writer, res result) error { return writeJSON(w, res, nil) }
	}
	if err := write(r.out, res); err != nil {
		r.complain("done, but the result can't be shown: " + err.Error())
		return exitFailed
	}
	return exitOK
}

// complain writes a line to standard error.
func (r reporter) complain(text string) {
	fmt.Fprintln(r.stderr, "backfill:", status.Printable(oneLine(text)))
}

func (r reporter) failed(err error) int {
	code := exitCode(err)
	if !r.json || writeJSON(r.out, nil, err) != nil {
		r.complain(err.Error())
	}
	return code
}

func (r reporter) interrupted(c *command) int {
	text := "interrupted; run the same command again to complete it"
	if c.follow {
		text = "interrupted; the backfill keeps running, run the same command to follow it again"
	}
	r.failed(errors.New(text))
	return exitInterrupted
}

// writeText writes a result's lines. Names and messages in them come from others.
func writeText(w io.Writer, res result) error {
	lines, err := res.lines()
	if err != nil {
		return err
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(status.Printable(line) + "\n")
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// writeJSON writes a result or an error as a line. It may also be read on a terminal.
func writeJSON(w io.Writer, data any, err error) error {
	text, err := json.Marshal(workflow.Result[any]{Data: data, Err: err})
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, status.Printable(string(text))+"\n") // the same JSON value
	return err
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
