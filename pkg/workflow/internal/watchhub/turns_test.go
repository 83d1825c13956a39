package watchhub

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

// Turns are granted in the order of the requests. One that is withdrawn is skipped, also if it was
// granted but not used.
func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all turns
		held := make([]*turn, maxReads)
		for i := range held {
			held[i] = &turn{}
			for range 2 { // a repetition takes no other turn
				if !all.take(held[i], false) {
					t.Fatalf("turn %d is not granted", i)
				}
			}
		}
		if all.take(&turn{}, false) {
			t.Error("one turn too many")
		}
		var woken []int
		waiting := make([]*turn, 3)
		for i := range waiting {
			waiting[i] = &turn{wake: func() { woken = append(woken, i) }}
			for range 2 {
				if all.take(waiting[i], true) {
					t.Fatal("granted too early")
				}
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := all.await(ctx)
			ended <- err
		}()
		synctest.Wait()
		all.leave(waiting[1])
		all.leave(held[0])
		if len(woken) != 1 || woken[0] != 0 || !all.take(waiting[0], true) {
			t.Errorf("woken: %v", woken)
		}
		all.leave(waiting[0])
		if len(woken) != 2 || woken[1] != 2 {
			t.Errorf("woken: %v", woken)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for _, r := range append(held[1:], waiting[2]) {
			all.leave(r)
		}
		if all.taken != 0 || len(all.waiting) != 0 {
			t.Errorf("%+v", &all)
		}
	})
}
