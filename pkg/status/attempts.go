package status

import (
	"strconv"
	"strings"
)

// attempts knows the Retry nodes of a workflow. A step that polls ("not finished yet")
// is by design a Retry node with failed attempts, so a reader wants to see the one
// attempt that counts.
type attempts struct {
	retryOf map[string]*Node   // attempt's id → its Retry node
	best    map[string]*Node   // Retry node's id → the attempt that counts
	all     map[string][]*Node // Retry node's id → its attempts
}

func attemptsOf(nodes []*Node, byID map[string]*Node) attempts {
	a := attempts{retryOf: map[string]*Node{}, best: map[string]*Node{}, all: map[string][]*Node{}}
	for _, retry := range nodes {
		if retry.Type != NodeTypeRetry {
			continue
		}
		for _, id := range retry.Children {
			attempt := byID[id]
			if attempt == nil || attempt == retry || attempt.Hooked && !attempt.Retried || a.retryOf[id] != nil {
				continue
			}
			a.retryOf[id] = retry
			a.all[retry.ID] = append(a.all[retry.ID], attempt)
			if betterAttempt(attempt, a.best[retry.ID]) {
				a.best[retry.ID] = attempt
			}
		}
	}
	return a
}

// betterAttempt: the last one that succeeded, else the last one.
func betterAttempt(n, than *Node) bool {
	if than == nil {
		return true
	}
	if succeeded := n.Phase == NodeSucceeded; succeeded != (than.Phase == NodeSucceeded) {
		return succeeded
	}
	return attemptIndex(n) >= attemptIndex(than)
}

// attemptIndex is the n of the name "step(n)"; -1 if there is none.
func attemptIndex(n *Node) int {
	open := strings.LastIndexByte(n.Name, '(')
	if open < 0 || !strings.HasSuffix(n.Name, ")") {
		return -1
	}
	index, err := strconv.Atoi(n.Name[open+1 : len(n.Name)-1])
	if err != nil {
		return -1
	}
	return index
}
