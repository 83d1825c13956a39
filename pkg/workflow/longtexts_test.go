package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// The length of an error is bounded, whatever the API server, the workflow or the caller has
// written.
func TestErrorTextsAreShort(t *testing.T) {
	const long, many = 1 << 20, 10_000
	text := strings.Repeat("x", long)
	nodes := map[string]any{}
	for i := range 50 {
		nodes[fmt.Sprint(i)] = map[string]any{"name": text, "displayName": text, "type": "Suspend", "phase": "Running", "message": text}
	}
	s, err := status.FromUnstructured(&unstructured.Unstructured{Object: map[string]any{
		"status": map[string]any{"phase": "Running", "message": text, "nodes": nodes},
	}})
	if err != nil {
		t.Fatal(err)
	}
	var problems field.ErrorList
	for i := range many {
		problems = append(problems, field.Invalid(field.NewPath("parameters").Key(fmt.Sprint(i)), text[:long/many], "no such parameter"))
	}
	finalizers := slices.Repeat([]string{text}, 100)
	for name, err := range map[string]error{
		"an answer that repeats what was sent": newError(OpStart, "ma", "w", apierrors.NewBadRequest(text)),
		"an answer of many lines":              newError(OpStart, "ma", "w", fmt.Errorf("%w: %s", ErrUnavailable, strings.Repeat("é\n", long))),
		"many problems":                        newError(OpStart, "ma", "w", invalid(problems...)),
		"a long value":                         newError(OpStart, "ma", "w", invalid(field.Invalid(field.NewPath("name"), text, "is too long"))),
		"long problems":                        invalid(slices.Repeat(field.ErrorList{field.Invalid(field.NewPath(text), text, text)}, 100)...),
		"a phase":                              &EndedBeforeSuspendError{Name: "w", Phase: status.Phase(text), Status: s},
		"what holds a deletion":                &DeletionHeldError{Finalizers: finalizers, Message: text},
		"what is waited for":                   &WaitError{Last: s, Err: context.DeadlineExceeded},
		"what was deleted":                     &DeletedError{Last: s, Err: ErrDeleted},
		"gates that ended with it":             &CompletedError{Outcome: status.Outcome(text[:99]), Gates: slices.Repeat([]GateState{{Name: text, Phase: status.NodePhase(text), Message: text}}, 100)},
		"gates that are not meant":             notSuspended(text, slices.Repeat([]GateState{{ID: text, Name: text, Phase: status.NodePhase(text), Message: text}}, 100), s.SuspendedNodes()),
	} {
		got := err.Error()
		if len(got) > mostErrorText+200 {
			t.Errorf("%s: %d bytes: %.200s…", name, len(got), got)
		}
		if !strings.Contains(got, "…") && !strings.Contains(got, "more") {
			t.Errorf("%s: it does not say that something is left out: %.200s…", name, got)
		}
	}
	var all *InvalidError
	if errors.As(newError(OpStart, "ma", "w", invalid(problems...)), &all); len(all.Problems) != many || !strings.HasSuffix(all.Error(), "; and 9980 more problems") {
		t.Errorf("%d problems: …%s", len(all.Problems), all.Error()[len(all.Error())-100:])
	}
	var answer *apierrors.StatusError
	if errors.As(newError(OpStart, "ma", "w", apierrors.NewBadRequest(text)), &answer); answer.ErrStatus.Message != text {
		t.Error("the cause was cut too")
	}
}
