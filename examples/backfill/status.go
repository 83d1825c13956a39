package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// statusResult is a backfill's status; its JSON is that of the status.
type statusResult struct {
	*backfill.Status
	hints hints
}

func (r statusResult) lines() ([]string, error) {
	now := time.Now()
	return append(summary(r.Status, r.hints, 0, now), treeLines(r.Workflow, now)...), nil
}

// summary contains everything except the individual steps.
func summary(st *backfill.Status, h hints, since time.Duration, now time.Time) []string {
	lines := []string{headline(st, now)}
	part := func(name, text string) { lines = append(lines, fmt.Sprintf("  %-7s %s", name, text)) }
	if m := st.Workflow.Message; m != "" {
		part("message", cutText(m))
	}
	part("shards", shardsText(st.Shards, since))
	if text := failedText(st.FailedDocuments); text != "" {
		part("errors", text)
	}
	part("pods", podsText(st.Pods))
	for _, line := range gateLines(st.Gates, h) {
		part("gate", line)
	}
	failed, more := first(st.Failed.Data)
	for _, n := range failed {
		part("failed", strings.TrimSpace(fmt.Sprintf("%s: %s %s", cutText(n.DisplayName), n.Phase, cutText(n.Message))))
	}
	if more > 0 {
		part("failed", fmt.Sprintf("and %d more", more))
	}
	return lines
}

func showStatus(ctx context.Context, c *command) (result, error) {
	if c.follow {
		return nil, c.showFollowing(ctx)
	}
	st, err := c.backfill.Status(ctx)
	if err != nil {
		return nil, err
	}
	return statusResult{st, c.hints()}, nil
}
