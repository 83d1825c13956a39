package workflow

import (
	"context"
	"strings"
	"testing"
)

// order records the order of its calls.
type order struct {
	NopObserver

	name string
	log  *[]string
}

func (o order) Begin(ctx context.Context, _ Call) context.Context {
	*o.log = append(*o.log, o.name+" begins")
	return context.WithValue(ctx, order{name: o.name}, true)
}

func (o order) End(ctx context.Context, _ Call, _ error) {
	if ctx.Value(order{name: o.name}) != nil {
		*o.log = append(*o.log, o.name+" ends")
	}
}

func TestMultiObserver(t *testing.T) {
	var log []string
	all := MultiObserver(order{name: "a", log: &log}, nil, order{name: "b", log: &log})
	ctx := all.Begin(t.Context(), Call{})
	all.OnEvent(ctx, Retrying{})
	all.End(ctx, Call{}, nil)
	if got := strings.Join(log, ", "); got != "a begins, b begins, a ends, b ends" {
		t.Error(got)
	}
	if MultiObserver() != nil || MultiObserver(nil, nil) != nil || MultiObserver(nil, NopObserver{}) != (NopObserver{}) {
		t.Error("no observer, or one, is combined")
	}
}
