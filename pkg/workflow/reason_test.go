package workflow

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// An error of each kind has a word of its own.
func TestReason(t *testing.T) {
	words := map[string]error{}
	for _, sentinel := range sentinels() {
		word := Reason(sentinel)
		if other := words[word]; other != nil || word == "Other" || word == "" {
			t.Errorf("%q is the reason of %v, and of %v", word, sentinel, other)
		}
		words[word] = sentinel
	}
	for want, err := range map[string]error{
		"":                 nil,
		"Other":            errors.New("mine"),
		"NotFound":         &Error{Err: apierrors.NewNotFound(schema.GroupResource{}, "w")},
		"Unavailable":      apierrors.NewServiceUnavailable("away"),
		"Canceled":         pace.Interruption(canceled(t), nil),
		"Canceled, bare":   context.Canceled,
		"DeadlineExceeded": &WaitError{Err: errors.New("a cause"), ended: context.DeadlineExceeded},
		"Canceled, held":   &DeletionHeldError{Err: errors.New("a cause"), ended: context.Canceled},
		"UnknownOutcome":   unknownOutcome(canceled(t), io.EOF),
	} {
		if got := Reason(err); got != strings.SplitN(want, ",", 2)[0] {
			t.Errorf("the reason of %v is %q, not %q", err, got, want)
		}
	}
}

func canceled(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx
}
