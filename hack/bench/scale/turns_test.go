package main

import (
	"slices"
	"testing"
)

func TestTurnsKeepTheCrowdRunning(t *testing.T) {
	const workflows, changes = 20, 4000
	turns := newTurns(workflows, 1)
	counts := map[kind]int{}
	ended := map[int]bool{}
	var unseen []int
	for range changes {
		c, ok := turns.pick()
		if !ok {
			t.Fatal("nothing to change")
		}
		counts[c.kind]++
		if ended[c.index] != (c.kind == revival) {
			t.Fatalf("%+v, of a workflow that has ended: %t", c, ended[c.index])
		}
		turns.done(c)
		ended[c.index] = c.kind == ending
		if c.kind == ending {
			unseen = append(unseen, c.index)
		}
		if len(unseen) > 2 { // seen late
			turns.sawEnd(unseen[0])
			unseen = unseen[1:]
		}
	}
	if counts[ending] != changes/4 || counts[revival] < changes/4-5 {
		t.Errorf("changes %v", counts)
	}
}

func TestTurnsTakeNoneTwice(t *testing.T) {
	turns := newTurns(3, 1)
	taken := map[int]bool{}
	var end change
	for range 3 {
		c, ok := turns.pick()
		if !ok || taken[c.index] {
			t.Fatalf("%+v, %t after %v", c, ok, taken)
		}
		taken[c.index] = true
		if c.kind == ending {
			end = c
		}
	}
	if c, ok := turns.pick(); ok {
		t.Errorf("took %+v", c)
	}
	turns.sawEnd(end.index) // before the write is answered
	for range 4 {           // one of them is the turn of a revival
		if c, ok := turns.pick(); ok {
			t.Errorf("took %+v, which is being written", c)
		}
	}
	turns.done(end)
	for range 4 {
		if c, ok := turns.pick(); ok {
			if c != (change{kind: revival, index: end.index}) {
				t.Errorf("took %+v", c)
			}
			return
		}
	}
	t.Error("never revived")
}

func TestSameSeedSameChanges(t *testing.T) {
	of := func(seed uint64) (changes []change) {
		turns := newTurns(100, seed)
		for range 100 {
			c, _ := turns.pick()
			turns.done(c)
			changes = append(changes, c)
		}
		return changes
	}
	if !slices.Equal(of(7), of(7)) {
		t.Error("the same seed gives other changes")
	}
	if slices.Equal(of(7), of(8)) {
		t.Error("another seed gives the same changes")
	}
}

func TestTurnsLeaveHalfRunning(t *testing.T) {
	turns := newTurns(10, 1)
	ends := 0
	for range 1000 { // no end is seen
		c, ok := turns.pick()
		if !ok {
			t.Fatal("nothing to change")
		}
		if c.kind == ending {
			ends++
		}
		turns.done(c)
	}
	if ends != 5 {
		t.Errorf("%d of 10 have ended", ends)
	}
}
