package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// approvedBy is the output for which the user's name is a good value.
const approvedBy = "approved-by"

// gatesResult lists gates: those that wait, or those that were decided just now.
type gatesResult struct {
	gates []backfill.Gate
	verb  string // passed, rejected; "": they wait
	hints hints
}

func (r gatesResult) MarshalJSON() ([]byte, error) { return json.Marshal(r.gates) }

func (r gatesResult) writeText(w io.Writer) error {
	var b strings.Builder
	switch {
	case len(r.gates) == 0 && r.verb == "":
		b.WriteString("no gate is waiting\n")
	case len(r.gates) == 0:
		fmt.Fprintf(&b, "nothing was left to be %s\n", r.verb)
	}
	for _, gate := range r.gates {
		if r.verb != "" {
			fmt.Fprintf(&b, "gate %s was %s\n", gate.Name, r.verb)
			continue
		}
		fmt.Fprintf(&b, "gate %s waits since %s", gate.Name, gate.Since.Local().Format(time.DateTime))
		if gate.Message != "" {
			b.WriteString(": " + oneLine(gate.Message))
		}
		fmt.Fprintf(&b, "\n  pass it by: %s\n", r.hints.approve(gate))
		for _, output := range gate.Outputs {
			b.WriteString("  takes " + outputText(output) + "\n")
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func outputText(o backfill.GateOutput) string {
	text := o.Name
	if o.Description != "" {
		text += ": " + oneLine(o.Description)
	}
	if len(o.Enum) > 0 {
		text += "; one of " + strings.Join(o.Enum, ", ")
	}
	if o.Default != nil {
		text += fmt.Sprintf("; default %q", *o.Default)
	}
	return text
}

func gates(ctx context.Context, c *command) (result, error) {
	waiting, err := c.backfill.Gates(ctx)
	if err != nil {
		return nil, err
	}
	return gatesResult{gates: waiting, hints: c.hints()}, nil
}

func approve(ctx context.Context, c *command) (result, error) {
	if err := c.checkChoice(); err != nil {
		return nil, err
	}
	outputs, err := parseOutputs(c.outputs)
	if err != nil {
		return nil, err
	}
	if _, given := outputs[approvedBy]; !given {
		waiting, err := c.backfill.Gates(ctx)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(waiting, c.asksForName) {
			outputs[approvedBy] = userName()
		}
	}
	passed, err := c.backfill.Approve(ctx, backfill.Approval{Gates: c.operands, All: c.all, Outputs: outputs})
	if err != nil {
		return nil, err
	}
	return gatesResult{gates: passed, verb: "passed"}, nil
}

func reject(ctx context.Context, c *command) (result, error) {
	if err := c.checkChoice(); err != nil {
		return nil, err
	}
	rejected, err := c.backfill.Reject(ctx, backfill.Rejection{Gates: c.operands, All: c.all, Message: c.message})
	if err != nil {
		return nil, err
	}
	return gatesResult{gates: rejected, verb: "rejected"}, nil
}

func (c *command) checkChoice() error {
	if c.all == (len(c.operands) == 0) {
		return nil
	}
	if c.all {
		return &inputError{fmt.Errorf("%s: either gates or --all", c.verb.name)}
	}
	return &inputError{fmt.Errorf("%s: %s is missing, or --all", c.verb.name, c.verb.operands)}
}

// asksForName tells of a gate whether it is meant, and wants to know who approves.
func (c *command) asksForName(gate backfill.Gate) bool {
	meant := c.all || slices.ContainsFunc(c.operands, gate.Matches)
	return meant && slices.ContainsFunc(gate.Outputs, func(o backfill.GateOutput) bool { return o.Name == approvedBy })
}

func parseOutputs(given []string) (map[string]any, error) {
	outputs := map[string]any{}
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &inputError{errors.New("--output must be name=value")} // it may be a value, which is nobody's business
		}
		if _, twice := outputs[name]; twice {
			return nil, &inputError{fmt.Errorf("--output %s is given twice", name)}
		}
		outputs[name] = value
	}
	return outputs, nil
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "unknown"
}
