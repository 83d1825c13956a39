package spec

import (
	"strings"
	"testing"
)

func TestChoices(t *testing.T) {
	many := make([]string, 30)
	for i := range many {
		many[i] = strings.Repeat("n", i+1)
	}
	for _, tc := range []struct {
		given string
		names []string
		want  string
	}{
		{"x", nil, "; there are none"},
		{"bulk-lod", []string{"other", "bulk-load"}, `; there are: bulk-load, other; did you mean "bulk-load"?`},
		{"zzz", []string{"bulk-load"}, "; there are: bulk-load"},
		{"", []string{"a"}, "; there are: a"},
	} {
		if got := Choices(tc.given, tc.names); got != tc.want {
			t.Errorf("%q of %v: %q, want %q", tc.given, tc.names, got, tc.want)
		}
	}
	if got := Choices("zzzzzz", many); !strings.HasSuffix(got, ", …") || strings.Count(got, ",") != 20 {
		t.Errorf("a long list is not cut: %s", got)
	}
}
