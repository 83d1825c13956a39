package workflow

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// tornList is a history whose lists are broken.
type tornList struct {
	*historyStore

	list func(ctx context.Context, yield func(*unstructured.Unstructured, error) bool)
}

func (h tornList) List(ctx context.Context, _ HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	return func(yield func(*unstructured.Unstructured, error) bool) { h.list(ctx, yield) }
}

// A list that is not complete does not say that a key is free, or whose it is.
func TestKeyOfATornList(t *testing.T) {
	other := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind}}
	other.SetNamespace("ma")
	other.SetUID("u")
	if err := newClaim("other", "own", "k", nil).put(other); err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string]func(ctx context.Context, yield func(*unstructured.Unstructured, error) bool){
		"without a workflow": func(_ context.Context, yield func(*unstructured.Unstructured, error) bool) { yield(nil, nil) },
		"that ends with its context": func(ctx context.Context, yield func(*unstructured.Unstructured, error) bool) {
			yield(other.DeepCopy(), nil)
			<-ctx.Done()
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newCollecting(t)
				_, err := clientOf(t, s.Server, Options{History: tornList{s.historyStore, list}}).Start(t.Context(), keyed())
				if !errors.Is(err, ErrHistory) || s.made != 0 {
					t.Errorf("%v, %d creates", err, s.made)
				}
			})
		})
	}
}
