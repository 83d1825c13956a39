package main

import (
	"slices"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// present leaves out what has come to nothing of the steps that are tried again: of a check that
// waits for its next attempt, the last one's failure is no news.
func present(s *status.WorkflowStatus) *status.WorkflowStatus {
	ended, hidden := map[string]bool{}, map[string]bool{}
	for _, n := range s.Nodes {
		ended[n.ID] = n.Phase.Fulfilled()
	}
	for _, n := range s.Nodes {
		if n.Type != status.NodeTypeRetry || n.Phase.Fulfilled() {
			continue
		}
		if slices.ContainsFunc(n.Children, func(attempt string) bool { return !ended[attempt] }) {
			continue // one is under way
		}
		for _, attempt := range n.Children {
			hidden[attempt] = true
		}
	}
	for found := true; found; { // what is inside of these goes with them
		found = false
		for _, n := range s.Nodes {
			if hidden[n.BoundaryID] && !hidden[n.ID] {
				hidden[n.ID], found = true, true
			}
		}
	}
	shown := *s
	shown.Nodes = nil
	for _, n := range s.Nodes {
		if !hidden[n.ID] {
			shown.Nodes = append(shown.Nodes, n)
		}
	}
	return &shown
}

// treeLines are the steps as people look at them.
func treeLines(s *status.WorkflowStatus, now time.Time) []string {
	if s.UID == "" { // there is none
		return nil
	}
	var b strings.Builder
	_ = present(s).WriteTree(&b, now, status.TreeOptions{Groups: true}) // a builder takes everything
	return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
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
	count(present(s).Tree(status.TreeOptions{}))
	return done, all, active
}
