package backfill

import (
	"context"
	"iter"
	"time"
)

// Unreachable is a working state of which nothing can be had but err, the reason. It is for a
// target that this process can't reach, say for want of a secret: the shards of a backfill are
// unknown then, with that error, and everything else works.
func Unreachable(err error) WorkingState { return unreachable{err} }

type unreachable struct{ err error }

func (u unreachable) Counts(context.Context, string, time.Time) (Counts, error) {
	return Counts{}, u.err
}

func (u unreachable) Size(context.Context, string) (int64, error) { return 0, u.err }

func (u unreachable) Documents(context.Context, string) iter.Seq2[Document, error] {
	return func(yield func(Document, error) bool) { yield(Document{}, u.err) }
}

func (u unreachable) Restore(context.Context, string, iter.Seq2[Document, error]) (int64, error) {
	return 0, u.err
}

func (u unreachable) Delete(context.Context, string) error { return u.err }
