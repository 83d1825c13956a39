package main

import (
	"context"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// exceptChecks tells nothing of calls whose context is that of [checking]. They would be taken for what they
// only try: a backfill that is checked is started but for the last step. What they find, [access] tells.
type exceptChecks struct{ workflow.Observer }

type checkingKey struct{}

// checking marks the calls of checks.
func checking(ctx context.Context) context.Context {
	return context.WithValue(ctx, checkingKey{}, true)
}

func isChecking(ctx context.Context) bool { return ctx.Value(checkingKey{}) != nil }

// Begin implements [workflow.Observer].
func (o exceptChecks) Begin(ctx context.Context, call workflow.Call) context.Context {
	if isChecking(ctx) {
		return ctx
	}
	return o.Observer.Begin(ctx, call)
}

// End implements [workflow.Observer].
func (o exceptChecks) End(ctx context.Context, call workflow.Call, err error) {
	if !isChecking(ctx) {
		o.Observer.End(ctx, call, err)
	}
}

// Note implements [workflow.Observer].
func (o exceptChecks) Note(ctx context.Context, event workflow.Event) {
	if !isChecking(ctx) {
		o.Observer.Note(ctx, event)
	}
}
