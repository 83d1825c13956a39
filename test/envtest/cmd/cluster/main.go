// Command cluster starts a local cluster for trying things out and for tests (see
// package envtest), and stops it when it ends itself.
//
//	cluster [flags]                     print the export line of KUBECONFIG, run until Ctrl-C
//	cluster [flags] -- command args…    run a command with KUBECONFIG set, exit with its code
//
// Exit codes: the command's, or 0; 1 where the cluster couldn't be started, 2 for
// wrong flags, 128+n where signal n came before the cluster was ready.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

func main() {
	leash.Main()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// settings are what the command line says.
type settings struct {
	apply       []string // files
	definitions envtest.Definitions
	node        bool
	quiet       bool
	command     []string
}

func parse(args []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("cluster", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		_, _ = fmt.Fprintf(stderr, "Usage: cluster [flags] [-- command args…]\n\n"+
			"Starts a local Kubernetes cluster with Argo Workflows and runs until Ctrl-C,\n"+
			"or runs a command with KUBECONFIG set and ends with it.\n\n")
		flags.PrintDefaults()
	}
	flags.Func("apply", "apply the objects of this YAML `file` (can be repeated)", func(file string) error {
		s.apply = append(s.apply, file)
		return nil
	})
	flags.StringVar((*string)(&s.definitions), "definitions", "",
		"Argo's resource definitions, `minimal or full` (default: those that its version installs by default)")
	flags.BoolVar(&s.node, "node", false, "run pods for real, which needs the namespaces of hack/node")
	flags.BoolVar(&s.quiet, "quiet", false, "report errors only")
	err := flags.Parse(args)
	s.command = flags.Args()
	return s, err
}

func run(args []string, stdout, stderr io.Writer) (code int) {
	s, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return 2
	}
	ctx := untilSignal(context.Background())
	say := progress(stderr, s.quiet)
	c, err := envtest.Start(ctx, envtest.Options{Definitions: s.definitions, Node: s.node, Progress: say})
	if err != nil {
		return failed(ctx, stderr, err)
	}
	defer func() {
		if err := c.Stop(); err != nil {
			complain(stderr, err)
			code = max(code, 1)
		}
	}()
	for _, path := range s.apply {
		say("applying " + path)
		if err := c.ApplyFile(ctx, path); err != nil {
			return failed(ctx, stderr, err)
		}
	}
	say("ready")
	if len(s.command) == 0 {
		_, _ = fmt.Fprintf(stdout, "export KUBECONFIG=%s\n", shellWord(c.Kubeconfig()))
		say("running until Ctrl-C")
		<-ctx.Done()
		return 0
	}
	code, err = runCommand(ctx, c, s.command)
	if err != nil {
		complain(stderr, err)
	}
	return code
}

// failed reports why the cluster isn't there and returns the exit code. Where a
// signal is the reason, that is all there is to say.
func failed(ctx context.Context, stderr io.Writer, err error) int {
	var signalled *signalError
	if errors.As(context.Cause(ctx), &signalled) {
		_, _ = fmt.Fprintln(stderr, "cluster:", signalled)
		return 128 + int(signalled.signal)
	}
	complain(stderr, err)
	return 1
}

// complain writes an error, which can have lines of the cluster's logs, as a terminal can show it.
func complain(stderr io.Writer, err error) {
	for line := range strings.SplitSeq("cluster: "+err.Error(), "\n") {
		_, _ = fmt.Fprintln(stderr, status.Printable(line))
	}
}

// shellWord is a text as a shell takes it for one word.
func shellWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// progress returns a function that writes each step with the seconds since now.
func progress(w io.Writer, quiet bool) func(string) {
	if quiet {
		return func(string) {}
	}
	start := time.Now()
	return func(step string) {
		_, _ = fmt.Fprintf(w, "%5.1fs %s\n", time.Since(start).Seconds(), status.Printable(step))
	}
}
