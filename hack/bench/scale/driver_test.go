package main

import "testing"

func TestShareKeepsTheCrowdRunning(t *testing.T) {
	const changes = 4000
	s := share{running: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}
	counts := map[kind]int{}
	endedAt := map[int]int{}
	for now := range changes {
		k, index, ok := s.next(func(index int) bool { return now-endedAt[index] > 5 }) // seen late
		at, ended := endedAt[index]
		if !ok || ended != (k == revival) || ended && now-at <= 5 {
			t.Fatalf("change %d, of kind %d, is of a workflow that has ended: %t, at %d; %t", now, k, ended, at, ok)
		}
		counts[k]++
		switch k {
		case ending:
			endedAt[index] = now
		case revival:
			delete(endedAt, index)
		}
	}
	if counts[ending] != changes/4 || counts[revival] < changes/4-5 {
		t.Errorf("changes %v", counts)
	}
}

func TestShareLeavesHalfRunning(t *testing.T) {
	for workflows, want := range map[int]int{0: 0, 1: 1, 10: 5} {
		var s share
		for index := range workflows {
			s.running = append(s.running, index)
		}
		ends := 0
		for range 100 {
			if k, _, ok := s.next(func(int) bool { return false }); ok && k == ending {
				ends++
			}
		}
		if ends != want {
			t.Errorf("%d of %d have ended, want %d", ends, workflows, want)
		}
	}
}
