package workflow

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/apitest"
)

func TestWaitMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		names := []string{"missing"}
		for i := range 40 {
			names = append(names, fmt.Sprint("w", i), fmt.Sprint("w", i/2))
			s.Put(fmt.Sprint("w", i), nil)
		}
		c := clientOf(t, s, Options{})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		go func() {
			for i := range 30 {
				time.Sleep(time.Second)
				s.SetPhase(fmt.Sprint("w", i), "Failed")
			}
		}()
		outcomes := map[string]int{}
		var ended, late int
		for name, r := range WaitMany(ctx, c, names, Completed) {
			outcomes[name]++
			var waited *WaitError
			switch {
			case name == "missing":
				if !errors.Is(r.Err, ErrNotFound) {
					t.Error(r.Err)
				}
			case r.Success():
				ended++
			case errors.As(r.Err, &waited) && waited.Last.Name == name && errors.Is(r.Err, context.DeadlineExceeded):
				late++
			default:
				t.Error(r.Err)
			}
		}
		if len(outcomes) != 41 || ended != 30 || late != 10 {
			t.Errorf("%d names, %d ended, %d late", len(outcomes), ended, late)
		}
	})
}

// The synctest bubble itself fails if a goroutine is left behind.
func TestWaitManyLeftEarly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := apitest.New()
		var names []string
		for i := range 20 {
			names = append(names, fmt.Sprint("w", i))
			s.Put(names[i], nil)
		}
		s.SetPhase("w7", "Succeeded")
		for name := range WaitMany(t.Context(), clientOf(t, s, Options{}), names, Completed) {
			if name != "w7" {
				t.Error(name)
			}
			break
		}
		synctest.Wait() // until the server has seen the requests end
		if s.Open() > 0 {
			t.Errorf("%d watches are left", s.Open())
		}
	})
}
