package wfjson_test

import (
	"encoding/json"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

func TestExactFloat(t *testing.T) {
	for n, want := range map[json.Number]bool{
		"0": true, "-0": true, "3": true, "9007199254740992": true, "9007199254740993": false, "-9007199254740993": false,
		"1152921504606846976":  false, // exact, but written as 1152921504606847000
		"18446744073709551615": false, "100000000000000000000": true, "0.1": true, "1e999": true, "1.00000000000000000001": true,
	} {
		if got := wfjson.ExactFloat(n); got != want {
			t.Errorf("%s: %t", n, got)
		}
	}
}

func TestInexact(t *testing.T) {
	for _, value := range []any{float64(1 << 53), -1e300, []any{1.0, 1e16}, map[string]any{"a": []any{map[string]any{"b": 1e16}}}} {
		if !wfjson.Inexact(value) {
			t.Errorf("%v is exact", value)
		}
	}
	for _, value := range []any{nil, "1e300", int64(1) << 62, 1.5, float64(1<<53 - 1), []any{}, map[string]any{"a": true}} {
		if wfjson.Inexact(value) {
			t.Errorf("%v is not exact", value)
		}
	}
}
