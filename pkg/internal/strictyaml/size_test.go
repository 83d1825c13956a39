package strictyaml

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/growth"
)

// A few KiB of YAML can be gigabytes once its aliases are expanded.
func TestLargeDocumentsAreRefused(t *testing.T) {
	long := strings.Repeat("x", 64<<10)
	for name, tc := range map[string]struct {
		text string
		want error
	}{
		"as it is":             {"a: " + strings.Repeat("x", MaxSize), ErrTooLarge},
		"a string, many times": {"a: &a " + long + "\nb: [" + strings.Repeat("*a, ", 4000) + "]", ErrExpandedLarge},
		"as keys":              {"a: &a " + long + "\nb: [" + strings.Repeat("{*a : 1}, ", 4000) + "]", ErrExpandedLarge},
		"a map of many":        {"a: &a {t: " + long + "}\nb: &b [" + strings.Repeat("*a, ", 30) + "]\nc: [*b, *b, *b]", ErrExpandedLarge},
		"merged":               {"a: &a {t: " + long + "}\nb:\n" + strings.Repeat("- {<<: *a, u: 1}\n", 100), ErrExpandedLarge},
		"many small lists":     {"a: [" + strings.Repeat("[],", 500_000) + "]", errManyValues},
		"lists of one":         {"a:\n" + strings.Repeat("- - - 1\n", 100_000), errManyValues},
		"keys":                 {"{" + strings.Repeat("a: 1,", 300_000) + "}", errManyValues},
		"carriage returns":     {"a:\r" + strings.Repeat("-\t1\r", 700_000), errManyValues},
		"other line breaks":    {"a:\u2028" + strings.Repeat("- 1\u2028", 260_000), errManyValues},
		"pairs":                {"a: [" + strings.Repeat("a: b,", 200_000) + "1]", errManyValues},
		"keys without values":  {"a: [" + strings.Repeat("? a,", 150_000) + "1]", errManyValues},
		"pairs of JSON":        {"a: [" + strings.Repeat(`"a":b,`, 150_000) + "1]", errManyValues},
		"aliases of many":      {"a: &a [" + strings.Repeat("1,", 999) + "1]\nb: [" + strings.Repeat("1,", 5_000) + "1]\nc: [" + strings.Repeat("*a, ", 300) + "*a]", errManyValues},
		"a long string":        {"a: |\n" + strings.Repeat("  echo one, two, three and so on\n", 50_000), nil},
		"a few":                {"a: &a " + long + "\nb: [*a, *a]", nil},
		"no alias, but signs":  {"a: \"&a * *a\"\nb: '*'", nil},
		"small numbers":        {"a: \"&a\"\nb: '*'\nc: [" + strings.Repeat("1,", 200_000) + "1]", nil},
		"the largest":          {"a: " + strings.Repeat("x", MaxSize-100), nil},
	} {
		var err error
		took := growth.Allocated(func() { _, err = ToJSON([]byte(tc.text)) })
		if !errors.Is(err, tc.want) || tc.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if tc.want != nil && took > 3*MaxSize+16<<20 {
			t.Errorf("%s: it took %d MiB", name, took>>20)
		}
	}
}

// The parser itself refuses these.
func TestAliasesThatTheParserRefuses(t *testing.T) {
	levels := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range 9 {
		levels += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 10), ", "))
	}
	for _, text := range []string{levels, "a: &a [*a]", "a: *b # &"} {
		if _, err := ToJSON([]byte(text)); err == nil {
			t.Errorf("%.20s passes", text)
		}
	}
}

// There can be an error in every line, and a key as long as the document.
func TestErrorsAreShort(t *testing.T) {
	long := strings.Repeat("k", 1<<20)
	for name, text := range map[string]string{
		"the same key in every line": strings.Repeat("a: 1\n", 20000),
		"a long key twice":           "? " + long + "\n: 1\n? " + long + "\n: 2\n",
	} {
		var err error
		took := growth.Allocated(func() { _, err = ToJSON([]byte(text)) })
		if err == nil || len(err.Error()) > 2000 || took > 64<<20 {
			t.Errorf("%s: %d bytes of %.99q, %d MiB", name, len(err.Error()), err.Error(), took>>20)
		}
	}
	if err := Unmarshal([]byte("? "+long+"\n: 1\n"), &struct{}{}); err == nil || len(err.Error()) > 2000 {
		t.Errorf("an unknown key: %.99q", err)
	}
}
