package workflow

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// broader returns for each sentinel that refines another one which that is.
func broader() map[error]error {
	return map[error]error{ErrIdempotencyMismatch: ErrConflict, ErrNodesGone: ErrNodesOffloaded}
}

// typedErrors has an error of each exported type of this package, and those of package status that
// operations return, with the sentinel that it matches; nil if none.
func typedErrors() map[string]struct{ err, want error } {
	ended := &status.WorkflowStatus{Name: "w", Phase: status.PhaseFailed}
	return map[string]struct{ err, want error }{
		"InvalidError":                  {invalid(), ErrInvalid},
		"PermissionError":               {&PermissionError{}, ErrForbidden},
		"EndedBeforeSuspendError":       {&EndedBeforeSuspendError{Status: ended}, ErrCompleted},
		"CompletedError":                {completed(ended), ErrCompleted},
		"NotSuspendedError":             {notSuspended("a", nil, nil), ErrNotSuspended},
		"DeletedError":                  {&DeletedError{Err: ErrDeleted}, ErrDeleted},
		"DeletedError of a replacement": {&DeletedError{Err: ErrReplaced, Last: ended}, ErrReplaced},
		"GoneError":                     {&GoneError{Err: &DeletedError{Err: ErrDeleted}}, ErrDeleted},
		"a history's own not found":     {historyError(apierrors.NewNotFound(schema.GroupResource{}, "w")), ErrHistory},
		"a history's own sentinel":      {historyError(fmt.Errorf("%w: %w", ErrHistory, ErrForbidden)), ErrHistory},
		"WaitError":                     {&WaitError{Err: context.Canceled, ended: context.Canceled}, nil},
		"DeletionHeldError":             {&DeletionHeldError{Err: context.Canceled, ended: context.Canceled}, nil},
		"ReplacementError":              {&ReplacementError{Err: ErrAlreadyExists}, ErrAlreadyExists},
		"ReplacementError, unknown":     {&ReplacementError{Err: unknown(io.ErrUnexpectedEOF)}, ErrUnknownOutcome},
		"GateObjectError":               {&GateObjectError{Err: ErrUnsupported}, ErrUnsupported},
		"GateObjectError, unknown":      {unknown(&GateObjectError{Err: ErrUnavailable}), ErrUnknownOutcome},
		"LogsIncompleteError":           {&LogsIncompleteError{Err: ErrLogsIncomplete}, ErrLogsIncomplete},
		"LogsIncompleteError, gone":     {&LogsIncompleteError{Err: &DeletedError{Err: ErrDeleted}}, ErrDeleted},
		"status.NodesError":             {&status.NodesError{Err: io.ErrUnexpectedEOF}, ErrUnreadable},
		"status.CompressionError":       {&status.NodesError{Err: &status.CompressionError{Algorithm: "zstd"}}, ErrUnreadable},
		"status.NotWorkflowError":       {&status.NotWorkflowError{}, ErrUnreadable},
		"status.JSONError":              {&status.JSONError{}, ErrUnreadable},
		"status.JSONError, cut off":     {&status.JSONError{Err: io.ErrUnexpectedEOF}, ErrUnavailable},
		"an object that is malformed":   {&fault.UnreadableError{Err: errors.New("x")}, ErrUnreadable},
		"an unknown outcome":            {unknown(io.ErrUnexpectedEOF), ErrUnknownOutcome},
		"an outcome unknown because of an error with a sentinel": {unknown(invalid()), ErrUnknownOutcome},
	}
}

// matched returns the sentinels that an error matches.
func matched(err error) (all []error) {
	for _, s := range sentinels() {
		if errors.Is(err, s) {
			all = append(all, s)
		}
	}
	return all
}

// An error matches one sentinel, or one and the broader one that it refines.
func TestAnErrorMatchesOneSentinel(t *testing.T) {
	expect := func(name string, err, want error) {
		t.Helper()
		var all []error
		for ; want != nil; want = broader()[want] {
			all = append(all, want)
		}
		got := matched(newError(OpGet, "ma", "w", err))
		if len(got) != len(all) || slices.ContainsFunc(all, func(s error) bool { return !slices.Contains(got, s) }) {
			t.Errorf("%s matches %q, want %q", name, got, all)
		}
	}
	reasons := map[string]error{}
	for _, s := range sentinels() {
		expect(s.Error(), s, s)
		expect(s.Error()+", wrapped", fmt.Errorf("look: %w", s), s)
		reason := Reason(newError(OpGet, "ma", "w", s))
		if reason == "Other" || reasons[reason] != nil {
			t.Errorf("%v: the reason is %q, as of %v", s, reason, reasons[reason])
		}
		reasons[reason] = s
	}
	for name, tc := range typedErrors() {
		expect(name, tc.err, tc.want)
		expect(name+", wrapped", fmt.Errorf("look: %w", tc.err), tc.want)
	}
	vars, types := declaredErrors(t)
	if len(vars) != len(sentinels()) {
		t.Errorf("%d sentinels are declared, %d classified: %q", len(vars), len(sentinels()), vars)
	}
	for _, name := range types {
		if _, ok := typedErrors()[name]; !ok && name != "Error" {
			t.Errorf("the type %s is not in the table", name)
		}
	}
}

// declaredErrors returns the names of the exported sentinels and error types of this package.
func declaredErrors(t *testing.T) (vars, types []string) {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Recv != nil && n.Name.Name == "Error" {
					if pointer, ok := n.Recv.List[0].Type.(*ast.StarExpr); ok {
						types = append(types, pointer.X.(*ast.Ident).Name)
					}
				}
				return false
			case *ast.ValueSpec:
				if strings.HasPrefix(n.Names[0].Name, "Err") {
					vars = append(vars, n.Names[0].Name)
				}
			}
			return true
		})
	}
	types = slices.DeleteFunc(types, func(name string) bool { return !ast.IsExported(name) })
	return vars, types
}
