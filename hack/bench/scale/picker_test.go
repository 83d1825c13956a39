package main

import "testing"

func TestPickerKeepsTheCrowdRunning(t *testing.T) {
	const workflows, changes = 20, 4000
	p := newPicker(workflows, 1)
	counts := map[kind]int{}
	ended := map[int]bool{}
	var unseen []int
	for range changes {
		c, ok := p.pick()
		if !ok {
			t.Fatal("nothing to change")
		}
		counts[c.kind]++
		switch c.kind {
		case progress, ending:
			if ended[c.index] {
				t.Fatalf("%d has ended already", c.index)
			}
		case revival:
			if !ended[c.index] {
				t.Fatalf("%d has not ended", c.index)
			}
		}
		p.done(c)
		switch c.kind {
		case ending:
			ended[c.index] = true
			unseen = append(unseen, c.index)
		case revival:
			ended[c.index] = false
		}
		if len(unseen) > 2 { // seen late
			p.sawEnd(unseen[0])
			unseen = unseen[1:]
		}
	}
	if counts[ending] != changes/4 || counts[revival] < changes/4-5 {
		t.Errorf("changes %v", counts)
	}
	if left := len(p.takeEnded()); left != counts[ending]-counts[revival] {
		t.Errorf("%d have ended, want %d", left, counts[ending]-counts[revival])
	}
}

func TestPickerTakesNoneTwice(t *testing.T) {
	p := newPicker(3, 1)
	taken := map[int]bool{}
	for range 3 {
		c, ok := p.pick()
		if !ok || taken[c.index] {
			t.Fatalf("%+v, %t after %v", c, ok, taken)
		}
		taken[c.index] = true
	}
	if c, ok := p.pick(); ok {
		t.Errorf("took %+v", c)
	}
	p.done(change{kind: ending, index: 1})
	if c, ok := p.pick(); ok {
		t.Errorf("took %+v, which has ended unseen", c)
	}
	p.sawEnd(1)
	for range 4 { // one of them is the turn of a revival
		if c, ok := p.pick(); ok {
			if c != (change{kind: revival, index: 1}) {
				t.Errorf("took %+v", c)
			}
			return
		}
	}
	t.Error("never revived")
}

func TestSameSeedSameChanges(t *testing.T) {
	one, other, third := newPicker(100, 7), newPicker(100, 7), newPicker(100, 8)
	differ := false
	for range 100 {
		a, _ := one.pick()
		b, _ := other.pick()
		c, _ := third.pick()
		one.done(a)
		other.done(b)
		third.done(c)
		if a != b {
			t.Fatalf("%+v and %+v", a, b)
		}
		differ = differ || a != c
	}
	if !differ {
		t.Error("another seed gives the same")
	}
}

func TestPickerLeavesHalfRunning(t *testing.T) {
	p := newPicker(10, 1)
	ends := 0
	for range 1000 { // none is seen
		c, ok := p.pick()
		if !ok {
			t.Fatal("nothing to change")
		}
		if c.kind == ending {
			ends++
		}
		p.done(c)
	}
	if ends != 5 {
		t.Errorf("%d of 10 have ended", ends)
	}
}
