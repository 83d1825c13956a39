package status

import (
	"strconv"
	"strings"
)

// findAttempts links Retry nodes with their attempts. A step that polls ("not finished yet") is by
// design a Retry node with failed attempts, so one attempt has to stand for it.
func (g *graph) findAttempts() {
	for i := range g.members {
		retry := &g.members[i]
		if retry.Type != NodeTypeRetry {
			continue
		}
		for _, id := range retry.Children {
			attempt := g.byID[id]
			if attempt == nil || attempt == retry || attempt.Hooked && !attempt.Retried || attempt.retry != nil {
				continue
			}
			attempt.retry = retry
			retry.attempts = append(retry.attempts, attempt)
			if betterAttempt(attempt, retry.best) {
				retry.best = attempt
			}
		}
	}
}

// betterAttempt reports whether n stands for the step rather than the other attempt: the last one
// that succeeded does, else the last one.
func betterAttempt(n, than *member) bool {
	if than == nil {
		return true
	}
	if succeeded := n.Phase == NodeSucceeded; succeeded != (than.Phase == NodeSucceeded) {
		return succeeded
	}
	return attemptIndex(n.Node) >= attemptIndex(than.Node)
}

// attemptIndex returns the n of the name "step(n)", or -1.
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
