// Command approval-gate waits until a workflow is at a gate, shows it, and approves or rejects it
// as a person decides.
//
// The exit code is 0 after the decision, 1 for an error, 2 for a usage error, and 3 if another
// client decided first.
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
	"time"
	"unicode"
	"unicode/utf8"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func main() {
	namespace := flag.String("namespace", workflow.DefaultNamespace, "namespace of the workflow")
	approve := flag.Bool("approve", false, "approve without asking")
	by := flag.String("by", os.Getenv("USER"), "name to record with the decision")
	flag.Parse()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	if flag.NArg() != 1 || *by == "" {
		log.Error("usage: approval-gate [flags] WORKFLOW; --by is required if $USER is empty")
		os.Exit(2)
	}
	decide := ask(os.Stdin, os.Stdout)
	if *approve {
		decide = func(context.Context) (bool, error) { return true, nil }
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *namespace, flag.Arg(0), *by, decide)
	stop()
	switch {
	case errors.Is(err, errDecided):
		log.Warn(err.Error())
		os.Exit(3)
	case err != nil:
		log.Error(err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, namespace, name, by string, decide func(context.Context) (bool, error)) error {
	cfg, err := clusterConfig()
	if err != nil {
		return err
	}
	cfg.UserAgent = "argoservice-approval-gate" // in the API server's audit log
	client, err := workflow.NewForConfig(cfg, workflow.Options{Namespace: namespace})
	if err != nil {
		return err
	}
	state, err := client.Wait(ctx, name, workflow.AtGate())
	if err != nil {
		return err // also if the workflow ended first
	}
	gates, err := workflow.GatesOf(state)
	if err != nil {
		return err
	}
	gate := gates[0]
	show(os.Stdout, state, gate)
	approved, err := decide(ctx)
	if err != nil {
		return err
	}
	// Decide only this gate of this workflow: no person has looked at gates that were reached
	// since.
	decision := workflow.Decision{Gates: []string{gate.ID}, By: by, UID: state.UID}
	do := client.Reject
	if approved {
		decision.Outputs = outputs(gate, by)
		do = client.Approve
	}
	decided, err := do(ctx, name, decision)
	switch {
	case errors.Is(err, workflow.ErrNotSuspended), errors.Is(err, workflow.ErrCompleted):
		return fmt.Errorf("%w: %w", errDecided, err)
	case err == nil && len(decided.Gates) == 0: // it was the same decision
		return errDecided
	}
	return err
}

var errDecided = errors.New("another client has decided this gate")

// Limits for strings from the workflow.
const (
	mostText  = 2000 // bytes
	mostLines = 50
	// mostColumns is less than the width of a terminal.
	mostColumns = 76
	// margin begins each line of a string from the workflow.
	margin = "  | "
)

// show writes what is to be decided. Names and messages come from others, such as the pods of
// earlier steps: each stays on lines of its own, and can't change the lines above and below.
func show(out io.Writer, state *status.WorkflowStatus, gate workflow.Gate) {
	node := state.NodesByID()[gate.ID]
	tell(out, fmt.Sprintf("workflow %s (%s done) waits at gate ", state.Name, state.Progress), state.Describe(node))
	for i, line := range strings.Split(gate.Message, "\n") {
		if i == mostLines {
			tell(out, margin, "…")
			break
		}
		if gate.Message != "" {
			tell(out, margin, line)
		}
	}
	if !gate.Until.IsZero() {
		fmt.Fprintln(out, "without a decision it continues at", gate.Until.Local().Format(time.DateTime))
	}
	parameters := node.Inputs().Parameters
	for _, p := range parameters[:min(len(parameters), mostLines)] {
		tell(out, margin, p.Name+": "+p.Value)
	}
	if more := len(parameters) - mostLines; more > 0 {
		fmt.Fprintf(out, "and %d more parameters\n", more)
	}
}

// tell writes words of this program followed by a string from the workflow. It wraps the string
// before a terminal does: text at the beginning of a line would look like the program's own.
func tell(out io.Writer, words, text string) {
	if len(text) > mostText {
		text = strings.ToValidUTF8(text[:mostText], "") + "…"
	}
	line, columns := words, utf8.RuneCountInString(words)
	for _, r := range status.Printable(text) {
		wide := 1
		if r > unicode.MaxLatin1 { // many of these take two columns
			wide = 2
		}
		if columns+wide > mostColumns {
			fmt.Fprintln(out, line)
			line, columns = margin, len(margin)
		}
		line += string(r)
		columns += wide
	}
	fmt.Fprintln(out, line)
}

// outputs returns the outputs of the gate that this program knows; the others have defaults.
func outputs(gate workflow.Gate, by string) map[string]any {
	for _, output := range gate.Outputs {
		if output.Name == "approved-by" {
			return map[string]any{output.Name: by}
		}
	}
	return nil
}

// clusterConfig returns the configuration of the pod that this program runs in, or else of
// $KUBECONFIG or ~/.kube/config.
func clusterConfig() (*rest.Config, error) {
	cfg, err := rest.InClusterConfig()
	if !errors.Is(err, rest.ErrNotInCluster) {
		return cfg, err
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
}
