package main

import (
	"math/rand/v2"
	"slices"
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

// picker says what changes next. Of four changes one is an end and one sets a workflow running
// again that had ended, so that the number of those that run stays. The same seed gives
// the same changes, but for when ends were seen.
type picker struct {
	mu     sync.Mutex
	order  []int // of ends
	ends   int   // how far in order
	random *rand.Rand
	picked int
	busy   []bool // a write is under way
	ended  []bool
	over   int   // how many have ended, or are about to
	seen   []int // ended and seen to have, not running again yet
}

func newPicker(workflows int, seed uint64) *picker {
	random := rand.New(rand.NewPCG(seed, 0))
	return &picker{
		order: random.Perm(workflows), random: random,
		busy: make([]bool, workflows), ended: make([]bool, workflows),
	}
}

// pick says what to change; false if there is nothing that can be. The workflow is taken until
// it is given back by done.
func (p *picker) pick() (change, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	turn := p.picked % 4
	p.picked++
	c, ok := change{}, false
	switch turn {
	case 0:
		c, ok = p.pickEnd()
	case 2:
		c, ok = p.pickRevival()
	}
	if !ok {
		c, ok = p.pickProgress()
	}
	if ok {
		p.busy[c.index] = true
	}
	return c, ok
}

// pickEnd leaves half of the workflows running, also where ends are seen late.
func (p *picker) pickEnd() (change, bool) {
	if 2*p.over >= len(p.order) {
		return change{}, false
	}
	for range p.order {
		index := p.order[p.ends%len(p.order)]
		p.ends++
		if p.running(index) {
			p.over++
			return change{kind: ending, index: index}, true
		}
	}
	return change{}, false
}

func (p *picker) pickRevival() (change, bool) {
	for i, index := range p.seen {
		if !p.busy[index] { // or its end was seen before it was answered
			p.seen = slices.Delete(p.seen, i, i+1)
			return change{kind: revival, index: index}, true
		}
	}
	return change{}, false
}

func (p *picker) pickProgress() (change, bool) {
	first := p.random.IntN(len(p.order))
	for i := range p.order {
		if index := (first + i) % len(p.order); p.running(index) {
			return change{kind: progress, index: index}, true
		}
	}
	return change{}, false
}

func (p *picker) running(index int) bool { return !p.busy[index] && !p.ended[index] }

// done gives the workflow back after the change was written.
func (p *picker) done(c change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy[c.index] = false
	switch c.kind {
	case ending:
		p.ended[c.index] = true
	case revival:
		p.ended[c.index] = false
		p.over--
	}
}

// sawEnd is that the end of a workflow was seen.
func (p *picker) sawEnd(index int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = append(p.seen, index)
}

// takeEnded returns those that have ended, to be set running again by the caller.
func (p *picker) takeEnded() []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []int
	for index, ended := range p.ended {
		if ended {
			all = append(all, index)
		}
	}
	p.seen = nil
	return all
}
