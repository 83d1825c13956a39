package main

import (
	"math/rand/v2"
	"sync"
)

// kind is what a change does to a workflow.
type kind int

const (
	progress kind = iota // a node reports, or ends
	ending               // the workflow ends
	revival              // one that has ended, and was seen to have, runs again
)

type change struct {
	kind  kind
	index int
}

// turns decides what changes next. Of four changes one is an end, and one sets a workflow running
// again that had ended, so that the number of running ones stays. The same seed gives the same changes,
// except for the time at which ends are seen.
type turns struct {
	mu      sync.Mutex
	picked  int
	running []int  // none is being written; the first has waited longest
	ended   []int  // ended and seen to have
	over    int    // how many have ended or are about to
	half    []bool // by workflow: its end is written or seen, but not both
}

func newTurns(workflows int, seed uint64) *turns {
	return &turns{running: rand.New(rand.NewPCG(seed, 0)).Perm(workflows), half: make([]bool, workflows)}
}

// pick returns a change; false if nothing can be changed. The workflow is taken until the change is
// done.
func (t *turns) pick() (change, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	turn := t.picked % 4
	t.picked++
	switch {
	case turn == 2 && len(t.ended) > 0:
		t.over--
		return change{revival, take(&t.ended)}, true
	case len(t.running) == 0:
		return change{}, false
	case turn == 0 && 2*t.over < len(t.half): // half of them stay running, also if ends are seen late
		t.over++
		return change{ending, take(&t.running)}, true
	}
	return change{progress, take(&t.running)}, true
}

func take(queue *[]int) int {
	first := (*queue)[0]
	*queue = (*queue)[1:]
	return first
}

// done gives the workflow back after the change was written.
func (t *turns) done(c change) {
	if c.kind == ending {
		t.sawEnd(c.index)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running = append(t.running, c.index)
}

// sawEnd is called when the end of a workflow was seen, which can be before its write is answered.
func (t *turns) sawEnd(index int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.half[index] {
		t.ended = append(t.ended, index)
	}
	t.half[index] = !t.half[index]
}
