package api

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestReadsAreShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var begun, under atomic.Int64
		s := &shared[int64]{within: time.Minute, read: func(ctx context.Context) (int64, error) {
			if under.Add(1) > 1 {
				t.Error("two at once")
			}
			defer under.Add(-1)
			n := begun.Add(1)
			select {
			case <-time.After(time.Second):
				return n, nil
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}}
		got := make(chan int64, 100)
		ask := func(ctx context.Context, times int) {
			for range times {
				go func() {
					n, err := s.get(ctx)
					if err != nil {
						n = -1
					}
					got <- n
				}()
			}
			synctest.Wait()
		}
		expect := func(times int, want int64) {
			t.Helper()
			for range times {
				if n := <-got; n != want {
					t.Errorf("%d, want %d", n, want)
				}
			}
		}
		ask(t.Context(), 1)
		ask(t.Context(), 50) // after it has begun, so they get the next result
		expect(1, 1)
		expect(50, 2)

		leaving, leave := context.WithCancel(t.Context())
		ask(leaving, 1)
		ask(t.Context(), 1)
		leave()
		expect(1, -1)
		expect(1, 4) // 3 was cancelled with its only caller
		ask(leaving, 10)
		expect(10, -1)
		s.under.Wait()

		s.read = func(ctx context.Context) (int64, error) { <-ctx.Done(); return 0, ctx.Err() }
		began := time.Now()
		if _, err := s.get(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != time.Minute {
			t.Error(err, time.Since(began))
		}
		s.under.Wait()
	})
}

func TestTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := make(turn, 1)
		if err := one.take(t.Context()); err != nil {
			t.Error(err)
		}
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := one.take(short); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		one.give()
		if err := one.take(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
