package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// result is what a verb has to say. Its JSON goes into a [workflow.Result].
type result interface {
	writeText(io.Writer) error
}

// reporter tells the user and the shell how it went.
type reporter struct {
	out, stderr io.Writer
	json        bool
}

func (r reporter) succeeded(res result) int {
	write := res.writeText
	if r.json {
		write = func(w io.Writer) error { return writeJSON(w, res, nil) }
	}
	if err := write(r.out); err != nil {
		fmt.Fprintln(r.stderr, "backfill: done, but it can't be shown:", oneLine(err.Error()))
		return exitFailed
	}
	return exitOK
}

func (r reporter) failed(err error) int {
	code := exitCode(err)
	if !r.json {
		fmt.Fprintln(r.stderr, "backfill:", oneLine(err.Error()))
	} else if lost := writeJSON(r.out, nil, err); lost != nil {
		fmt.Fprintln(r.stderr, "backfill:", oneLine(err.Error()))
	}
	return code
}

func (r reporter) interrupted(c *command) int {
	text := "interrupted; the same command again makes it good"
	if c.follow {
		text = "interrupted; the backfill goes on, run the same command to follow it again"
	}
	r.failed(errors.New(text))
	return exitInterrupted
}

// writeJSON writes a result or an error as a line.
func writeJSON(w io.Writer, data any, err error) error {
	return json.NewEncoder(w).Encode(workflow.Result[any]{Data: data, Err: err})
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
