package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/user"
	"slices"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// approvedBy is the output that gets the user's name.
const approvedBy = "approved-by"

// gatesResult lists gates: those that wait, or those that were just decided.
type gatesResult struct {
	gates []workflow.Gate
	verb  string // approved, rejected; "": they wait
	hints hints
}

func (r gatesResult) MarshalJSON() ([]byte, error) { return json.Marshal(r.gates) }

func (r gatesResult) lines() ([]string, error) {
	switch {
	case len(r.gates) == 0 && r.verb == "":
		return []string{"no gate is waiting"}, nil
	case len(r.gates) == 0:
		return []string{"no gate was left to be " + r.verb}, nil
	}
	var lines []string
	shown, more := first(r.gates)
	for _, gate := range shown {
		if r.verb != "" {
			lines = append(lines, fmt.Sprintf("gate %s was %s", cutText(gate.Name), r.verb))
			continue
		}
		line := fmt.Sprintf("gate %s has been waiting since %s", cutText(gate.Name), gate.Since.Local().Format(time.DateTime))
		if gate.Message != "" {
			line += ": " + cutText(gate.Message)
		}
		lines = append(lines, line, "  approve it with: "+r.hints.approve(gate, r.gates))
		lines = append(lines, outputLines(gate.Outputs)...)
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more gates", more))
	}
	return lines, nil
}

func outputLines(outputs []workflow.GateOutput) []string {
	var lines []string
	shown, more := first(outputs)
	for _, output := range shown {
		lines = append(lines, "  takes "+outputText(output))
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("  takes %d more", more))
	}
	return lines
}

func outputText(o workflow.GateOutput) string {
	text := cutText(o.Name)
	if o.Description != "" {
		text += ": " + cutText(o.Description)
	}
	if len(o.Enum) > 0 {
		values, more := first(o.Enum)
		text += "; one of " + cutText(strings.Join(values, ", "))
		if more > 0 {
			text += fmt.Sprintf(" and %d more", more)
		}
	}
	if o.Default != nil {
		text += "; default " + oneLine(fmt.Sprintf("%q", shorten(*o.Default)))
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
			outputs[approvedBy] = cmp.Or(userName(), "unknown")
		}
	}
	decision := c.decision()
	decision.Outputs = outputs
	approved, err := c.backfill.Approve(ctx, decision)
	if err != nil {
		return nil, err
	}
	return gatesResult{gates: approved.Gates, verb: "approved"}, nil
}

func reject(ctx context.Context, c *command) (result, error) {
	if err := c.checkChoice(); err != nil {
		return nil, err
	}
	rejected, err := c.backfill.Reject(ctx, c.decision())
	if err != nil {
		return nil, err
	}
	return gatesResult{gates: rejected.Gates, verb: "rejected"}, nil
}

// decision returns the decision on the command line, which is recorded as the user's.
func (c *command) decision() workflow.Decision {
	decision := workflow.Decision{All: c.all, Message: c.message, By: userName()}
	if !c.all {
		decision.Gates = c.operands
	}
	return decision
}

func (c *command) checkChoice() error {
	if c.all == (len(c.operands) == 0) {
		return nil
	}
	if c.all {
		return &inputError{fmt.Errorf("%s: name gates or use --all, not both", c.verb.name)}
	}
	return &inputError{fmt.Errorf("%s: %s is missing, or --all", c.verb.name, c.verb.operands)}
}

// asksForName reports whether a gate is selected and awaits the approver's name.
func (c *command) asksForName(gate workflow.Gate) bool {
	meant := c.all || slices.ContainsFunc(c.operands, gate.Matches)
	return meant && slices.ContainsFunc(gate.Outputs, func(o workflow.GateOutput) bool { return o.Name == approvedBy })
}

func parseOutputs(given []string) (map[string]any, error) {
	outputs := map[string]any{}
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, &inputError{errors.New("--output must be name=value")} // don't show it: it may be a value
		}
		if _, twice := outputs[name]; twice {
			return nil, &inputError{fmt.Errorf("--output %s is set twice", name)}
		}
		outputs[name] = value
	}
	return outputs, nil
}

// userName returns the name of the user who runs the program, or "" if there is none.
func userName() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}
