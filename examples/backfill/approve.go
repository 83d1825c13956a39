package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// approver decides at a gate: by itself if told so, else by asking.
type approver struct {
	yes  bool
	name string
	in   *os.File
	out  io.Writer
}

var errLeftAtGate = errors.New("not approved; the backfill waits at its gate, run the same command to decide again")

// approve returns the outputs to pass the gate with.
func (a approver) approve(ctx context.Context, gate *status.Node) (map[string]any, error) {
	outputs := map[string]any{}
	for _, p := range gate.AwaitedOutputs() {
		if p.Name == "approved-by" {
			outputs[p.Name] = a.name
		} else if !p.HasDefault {
			return nil, fmt.Errorf("gate %s needs a value for %q, which this program does not know", gate.DisplayName, p.Name)
		}
	}
	if a.yes {
		fmt.Fprintf(a.out, "gate %s: approved by %s\n", gate.DisplayName, a.name)
		return outputs, nil
	}
	if !term.IsTerminal(int(a.in.Fd())) {
		return nil, fmt.Errorf("gate %s waits for an approval, and there is nobody to ask; use --yes", gate.DisplayName)
	}
	fmt.Fprintf(a.out, "gate %s: approve as %s? [y/N] ", gate.DisplayName, a.name)
	answer, err := readLine(ctx, a.in)
	if err != nil {
		return nil, err
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return outputs, nil
	}
	return nil, errLeftAtGate
}

// readLine reads a line, or gives up when ctx ends: the read itself cannot be interrupted,
// and ends with the program.
func readLine(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		line string
		err  error
	}
	results := make(chan result, 1)
	go func() {
		line, err := bufio.NewReader(in).ReadString('\n')
		if errors.Is(err, io.EOF) {
			err = nil // no answer is no
		}
		results <- result{line, err}
	}()
	select {
	case r := <-results:
		return r.line, r.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
