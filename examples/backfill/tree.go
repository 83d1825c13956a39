package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// treeLines returns the steps as people want to see them.
func treeLines(s *status.WorkflowStatus, now time.Time) []string {
	if s.UID == "" { // there is no workflow
		return nil
	}
	var b strings.Builder
	_ = s.WriteTree(&b, now, status.TreeOptions{Groups: true}) // writing to a builder never fails
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if more := len(lines) - mostSteps; more > 0 {
		lines = append(lines[:mostSteps], fmt.Sprintf("… and %d more steps", more))
	}
	for i, line := range lines {
		lines[i] = shorten(line)
	}
	return lines
}

// steps counts the steps, a retried one once, and names the active ones.
func steps(s *status.WorkflowStatus) (done, all int, active []string) {
	var count func([]*status.TreeNode)
	count = func(nodes []*status.TreeNode) {
		for _, n := range nodes {
			switch {
			case len(n.Children) > 0:
				count(n.Children)
				continue
			case n.Phase.Fulfilled():
				done++
			default:
				active = append(active, n.Title)
			}
			all++
		}
	}
	count(s.Tree(status.TreeOptions{}))
	return done, all, active
}
