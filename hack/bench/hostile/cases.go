package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// hostileCase is one operation on one input.
type hostileCase struct {
	input, operation string
	refused          bool // the operation is to end with an error
	contextless      bool // most of it takes no context
	prepare          func() (attack, error)
}

func cases() []hostileCase {
	const (
		junk     = "a node with a member of empty objects"
		junkGate = "a gate with a member of empty objects"
		small    = "as many small nodes as are read"
		names    = "names of 1 KiB that differ at their ends"
		gates    = "as many gates as may wait"
		yaml     = "YAML aliases of one long text"
	)
	var all []hostileCase
	for _, of := range []struct {
		input string
		nodes func(status.NodePhase) packedText
	}{{junk, junkNodes(false)}, {junkGate, junkNodes(true)}, {small, manyNodes(smallNode)}, {names, manyNodes(longNamed)}} {
		all = append(all,
			hostileCase{input: of.input, operation: "Get", prepare: onNodes(of.nodes, status.NodeRunning, get)},
			hostileCase{input: of.input, operation: "Approve", prepare: onNodes(of.nodes, status.NodeRunning, approve)},
			hostileCase{input: of.input, operation: "Stop of a gate", prepare: onNodes(of.nodes, status.NodeRunning, reject)},
			hostileCase{input: of.input, operation: "Retry", prepare: onNodes(of.nodes, status.NodeFailed, retry)},
		)
	}
	return append(all, []hostileCase{
		{input: small, operation: "Get, Err and WriteTree", contextless: true,
			prepare: onNodes(manyNodes(smallNode), status.NodeFailed, showMany)},
		{input: "nodes, children and messages, close together", operation: "Get", refused: true,
			prepare: onNodes(manyNodes(denseNode), status.NodeRunning, get)},
		{input: gates, operation: "Approve", prepare: onNodes(manyGates, status.NodeRunning, approveAll)},
		{input: gates, operation: "Stop of a gate", prepare: onNodes(manyGates, status.NodeRunning, reject)},
		{input: "60 nodes with a message of 1 MiB", operation: "Get, Err and WriteTree", contextless: true,
			prepare: onNodes(messageNodes, status.NodeFailed, show)},
		{input: yaml, operation: "Start by manifest", refused: true, prepare: starts(aliases(
			manifestHead+"  templates: [{name: main, container: {image: a}}]\n  podMetadata:\n", "    "))},
		{input: yaml, operation: "ParseConfig", refused: true,
			prepare: parsesConfig(aliases("backfill:\n  workflow:\n", "    "))},
		{input: "values between carriage returns", operation: "Start by manifest", refused: true,
			prepare: starts(carriageReturns())},
		{input: "an expression of one word, many times", operation: "Start", prepare: starts(oneWord())},
		{input: "many fields that are close to Argo's", operation: "Start", prepare: starts(oddFields())},
		{input: "a manifest of many misspelt calls", operation: "Start", refused: true, prepare: starts(misspeltCalls())},
		{input: "a parameter's name of 100 KB", operation: "Start", refused: true,
			prepare: starts(longDeclared(90_000), strings.Repeat("a", 100_000))},
		{input: "an answer of the target cluster", operation: "counts of a backfill's status", refused: true,
			prepare: readsCounts},
	}...)
}

// onNodes does an operation on a workflow with such nodes. The workflow and its gate are in that phase.
func onNodes(
	nodes func(status.NodePhase) packedText, phase status.NodePhase,
	do func(ctx context.Context, c *workflow.WorkflowClient) (text string, err error),
) func() (attack, error) {
	return func() (attack, error) {
		packed := nodes(phase)
		client, err := newClient(packedStatus(phase, packed))
		attempt := func(ctx context.Context) (string, error) { return do(ctx, client) }
		return attack{sent: len(packed.gzip), plain: packed.plain, do: attempt}, err
	}
}

// read gets the workflow with its nodes.
func read(ctx context.Context, c *workflow.WorkflowClient) (*status.WorkflowStatus, error) {
	s, err := c.Get(ctx, "w")
	if err != nil {
		return nil, err
	}
	return s, s.NodesErr
}

func get(ctx context.Context, c *workflow.WorkflowClient) (string, error) {
	_, err := read(ctx, c)
	return "", err
}

func approve(ctx context.Context, c *workflow.WorkflowClient) (string, error) {
	r, err := c.Approve(ctx, "w", workflow.Decision{All: true, Outputs: map[string]any{"by": "me"}})
	if err == nil && len(r.Gates) != 1 {
		err = fmt.Errorf("%d gates were passed", len(r.Gates))
	}
	return "", err
}

// approveAll passes all gates that wait.
func approveAll(ctx context.Context, c *workflow.WorkflowClient) (string, error) {
	_, err := c.Approve(ctx, "w", workflow.Decision{All: true, Outputs: map[string]any{"by": "me"}})
	return "", err
}

func reject(ctx context.Context, c *workflow.WorkflowClient) (string, error) {
	_, err := c.Reject(ctx, "w", workflow.Decision{Gates: []string{"g"}, Message: "no"})
	return "", err
}

func retry(ctx context.Context, c *workflow.WorkflowClient) (string, error) {
	_, err := c.Retry(ctx, "w", workflow.RetryOptions{})
	return "", err
}

// show reads the workflow and writes what people see of it.
func show(ctx context.Context, c *workflow.WorkflowClient) (string, error) {
	s, err := read(ctx, c)
	if err != nil {
		return "", err
	}
	var text bytes.Buffer
	err = s.WriteTree(&text, time.Now(), status.TreeOptions{})
	return text.String() + s.Err().Error(), err
}

// showMany is show but for what it writes.
func showMany(ctx context.Context, c *workflow.WorkflowClient) (string, error) {
	s, err := read(ctx, c)
	if err != nil {
		return "", err
	}
	return s.Err().Error(), s.WriteTree(io.Discard, time.Now(), status.TreeOptions{})
}

// starts starts a workflow by a manifest, with parameters of these names.
func starts(manifest []byte, parameters ...string) func() (attack, error) {
	req := workflow.StartRequest{Manifest: manifest, Parameters: map[string]any{}}
	sent := len(manifest)
	for _, name := range parameters {
		req.Parameters[name] = "x"
		sent += len(name)
	}
	return func() (attack, error) {
		client, err := newClient(`{}`)
		return plainAttack(sent, func(ctx context.Context) error { _, err := client.Start(ctx, req); return err }), err
	}
}

func parsesConfig(text []byte) func() (attack, error) {
	return func() (attack, error) {
		return plainAttack(len(text), func(context.Context) error { _, err := backfill.ParseConfig(text); return err }), nil
	}
}

// plainAttack is an operation that writes nothing, on an input that is not unpacked.
func plainAttack(size int, do func(context.Context) error) attack {
	return attack{sent: size, plain: size, do: func(ctx context.Context) (string, error) { return "", do(ctx) }}
}

// readsCounts asks a target cluster, whose answer is compressed whatever was asked for.
func readsCounts() (attack, error) {
	const piece, unpacked = `{},`, 500 << 20
	answer := pack(`{"junk":[`, piece, unpacked/len(piece), `{}]}`)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(answer.gzip)
	}))
	state, err := opensearch.New(backfill.Cluster{Endpoint: server.URL}, opensearch.Options{})
	return plainAttack(len(answer.gzip), func(ctx context.Context) error {
		_, err := state.Counts(ctx, ".migrations_working_state", time.Now())
		return err
	}), err
}
