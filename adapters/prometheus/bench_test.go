package argoprom_test

import (
	"testing"
	"time"

	argoprom "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/prometheus"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// BenchmarkOperation measures the cost of the observer for a call: Begin and End.
func BenchmarkOperation(b *testing.B) {
	for name, err := range map[string]error{"ok": nil, "failed": &workflow.Error{Op: workflow.OpGet, Err: workflow.ErrForbidden}} {
		b.Run(name, func(b *testing.B) {
			o := argoprom.NewObserver(argoprom.Options{})
			c := workflow.Call{Op: workflow.OpGet, Backend: "native", Namespace: "ma", Name: "a", Began: time.Now()}
			b.ReportAllocs()
			for b.Loop() {
				o.End(o.Begin(b.Context(), c), c, err)
			}
		})
	}
}

// BenchmarkReached measures its cost for each of ten thousand waits.
func BenchmarkReached(b *testing.B) {
	o := argoprom.NewObserver(argoprom.Options{})
	var e workflow.Event = workflow.Reached{Op: workflow.OpWait, Backend: "native", Delay: time.Millisecond}
	b.ReportAllocs()
	for b.Loop() {
		o.OnEvent(b.Context(), e)
	}
}
