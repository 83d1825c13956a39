// Command service runs backfills for people and programs over HTTP: an interface of JSON and
// server-sent events, and a page that uses it. The state of backfills is in the cluster; any number of
// processes may serve the same ones, and nothing is lost when one ends. What is known of a backfill after its
// workflow was deleted is in a journal, or in Argo's archive.
//
// The exit code is 0 after a regular shutdown, 1 if it couldn't serve, and 2 for a wrong command
// line or file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

const (
	exitOK       = 0
	exitFailed   = 1
	exitBadInput = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	s, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return exitOK
	}
	if err != nil {
		fmt.Fprintln(stderr, "service:", status.Printable(err.Error()))
		return exitBadInput
	}
	log := newLog(stderr, s.level)
	app, err := build(ctx, s, log)
	if err != nil {
		fmt.Fprintln(stderr, "service:", status.Printable(err.Error()))
		return exitBadInput
	}
	defer app.release()
	// Log what is missing now, even without probes. It may still appear, so it is not fatal.
	app.access.begin(ctx)
	defer app.record(ctx)()
	end, err := serveMetrics(ctx, s.metrics, app.metrics, log)
	if err == nil {
		defer end()
		err = serve(ctx, s, app.api, log)
	}
	if err != nil {
		log.Error("ended", "err", err)
		return exitFailed
	}
	log.Info("ended; backfills keep running")
	return exitOK
}

// newLog writes JSON that is also safe to read on a terminal, whatever names and messages it
// contains.
func newLog(out io.Writer, level slog.Level) *slog.Logger {
	printable := func(_ []string, a slog.Attr) slog.Attr {
		switch value := a.Value.Any().(type) {
		case string:
			a.Value = slog.StringValue(shownInLog(value))
		case error:
			a.Value = slog.StringValue(shownInLog(value.Error()))
		}
		return a
	}
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: level, ReplaceAttr: printable}))
}

func shownInLog(text string) string {
	const most = 4 << 10
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return status.Printable(text)
}
