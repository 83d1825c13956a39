package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestRaceGivesEachPeersMedian(t *testing.T) {
	calls := map[string]int{}
	peerOf := func(name string, every int, base time.Duration) peer {
		return peer{name: name, every: every, once: func(context.Context) (time.Duration, error) {
			calls[name]++
			return base + time.Duration(calls[name]%3), nil // of 0, 1 and 2
		}}
	}
	medians, err := race(t.Context(), 100, []peer{peerOf("fast", 0, 10), peerOf("slow", 20, 1000)})
	if err != nil {
		t.Fatal(err)
	}
	if medians["fast"] != 11 || medians["slow"] < 1000 || medians["slow"] > 1002 {
		t.Errorf("medians %v", medians)
	}
	if calls["fast"] != 120 || calls["slow"] != 6 { // twenty rounds are to warm up
		t.Errorf("calls %v", calls)
	}
}

func TestRaceNamesThePeerThatFails(t *testing.T) {
	cause := errors.New("refused")
	_, err := race(t.Context(), 1, []peer{{name: "kubectl", once: func(context.Context) (time.Duration, error) { return 0, cause }}})
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), "kubectl") {
		t.Errorf("%v", err)
	}
}
