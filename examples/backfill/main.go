// Command backfill runs the backfill that a configuration file describes: it has a command for each
// verb of pkg/backfill. All state is in the cluster, so any machine can continue where another was
// interrupted; backfill --help lists the verbs and exit codes.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"
)

func main() {
	// client-go logs a request that is canceled, as the last one of a followed backfill, and errors that this
	// program reports by itself.
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	p := program{out: os.Stdout, stderr: os.Stderr, open: open}
	code := p.run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

// program is one run of the command.
type program struct {
	out, stderr io.Writer
	// open connects to the backfill and its dependencies.
	open func(context.Context, flags) (*opened, error)
}

// run returns the exit code.
func (p program) run(ctx context.Context, args []string) int {
	c, err := parse(args)
	var help *helpError
	if errors.As(err, &help) {
		fmt.Fprint(p.out, help.text)
		return exitOK
	}
	r := reporter{out: p.out, stderr: p.stderr, json: wantsJSON(args)}
	if err != nil {
		return r.failed(err)
	}
	r.json = c.format == formatJSON
	result, err := p.execute(ctx, c)
	switch {
	case err != nil && ctx.Err() != nil:
		return r.interrupted(c)
	case err != nil:
		return r.failed(err)
	case result == nil: // it has been shown already
		return exitOK
	}
	return r.succeeded(result)
}

func (p program) execute(ctx context.Context, c *command) (result, error) {
	o, err := p.open(ctx, c.flags)
	if err != nil {
		return nil, err
	}
	defer o.release()
	c.opened, c.out = o, p.out
	return c.verb.run(ctx, c)
}
