package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// treeLines are the steps as people look at them.
func treeLines(s *status.WorkflowStatus, now time.Time) []string {
	if s.UID == "" { // there is none
		return nil
	}
	var b strings.Builder
	_ = s.WriteTree(&b, now, status.TreeOptions{Groups: true}) // a builder takes everything
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if more := len(lines) - mostSteps; more > 0 {
		lines = append(lines[:mostSteps], fmt.Sprintf("… and %d more steps", more))
	}
	for i, line := range lines {
		lines[i] = shorten(line)
	}
	return lines
}

// steps counts the steps, one that is tried again once, and names those that are under way.
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
