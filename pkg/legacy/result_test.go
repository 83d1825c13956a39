package legacy

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestResultFromCommand(t *testing.T) {
	if got := ResultFromCommand[string](CommandResult{Success: true, Value: "name"}); got.Data != "name" || got.Err != nil {
		t.Errorf("%+v", got)
	}
	if got := ResultFromCommand[map[string]any](CommandResult{Success: true}); got.Data != nil || got.Err != nil {
		t.Errorf("no value: %+v", got)
	}
	if got := ResultFromCommand[int](CommandResult{Success: true, Value: "name"}); got.Err == nil || got.Err.Error() != "the command's value is of type string, not int" {
		t.Errorf("another type: %+v", got)
	}
	for _, nothing := range []any{nil, "", 0, 0.0, false, []any{}, map[string]any{}} {
		if got := ResultFromCommand[string](CommandResult{Value: nothing}); got.Success() || got.Err.Error() != "Unknown error" {
			t.Errorf("failure with %#v: %+v", nothing, got)
		}
	}
	for value, want := range map[any]string{"it failed": "it failed", 3: "3"} {
		if got := ResultFromCommand[string](CommandResult{Value: value}); got.Success() || got.Err.Error() != want {
			t.Errorf("failure with %#v: %+v", value, got)
		}
	}
	for _, value := range []any{
		"login failed: Authorization: Bearer s3cr3t12", map[string]any{"error": "no", "token": "s3cr3t12"}, `{"stderr": {"password": "s3cr3t12"}}`,
		"GET https://u:s3cr3t12@host/x", "kubectl --token s3cr3t12 get x", map[string]string{"DB_PASSWORD": "s3cr3t12"},
		fmt.Errorf("%w: password=s3cr3t12", io.ErrUnexpectedEOF), "{'error': 'no', 'token': 's3cr3t12'}",
	} {
		if got := ResultFromCommand[string](CommandResult{Value: value}); got.Success() || strings.Contains(got.Err.Error(), "s3cr3t") {
			t.Errorf("a secret is shown: %v", got.Err)
		}
	}
	cause := errors.New("it failed")
	if got := ResultFromCommand[string](CommandResult{Value: cause}); !errors.Is(got.Err, cause) {
		t.Errorf("%+v", got)
	}
}
