package watchhub

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// held is a source whose reads block until their context ends.
type held struct{ source.Source }

func (held) Get(ctx context.Context, _ string) (source.Item, error) {
	<-ctx.Done()
	return source.Item{}, ctx.Err()
}

// Thousands of calls may wait for their turn to read. A goroutine with a stack of 2 KiB is enough for
// one of them. If each had another one that blocks, stacks of both would lie between each other,
// and the memory of those that end could not be used for anything else while the calls last.
func TestStacksOfAHugeNumberOfCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const count, most = 2000, 3 << 10
		h := withDefaults(Config{Source: held{}})
		before := stacksInUse()
		for range count {
			go func() { _ = h.Follow(t.Context(), Target{Name: "w"}, nil) }()
		}
		synctest.Wait()
		if each := (stacksInUse() - before) / count; each > most {
			t.Errorf("%d bytes of stacks for each call, more than %d", each, most)
		}
	})
}

func stacksInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.StackInuse
}
