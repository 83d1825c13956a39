package workflow

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// Whatever is wrong with a manifest's syntax, no value is shown.
func TestSyntaxProblems(t *testing.T) {
	for value, want := range map[string]string{
		"{~: s3cr3t}":            "has a key that is not a string",
		"{{s3cr3t}}":             `quote strings that begin with {`,
		"{[s3cr3t]: 1}":          `quote strings that begin with {`,
		"*s3cr3t":                "quote strings that begin with *",
		"!!int s3cr3t":           "its tag does not allow",
		`"s3cr3t\q"`:             "line 6: found unknown escape character",
		"!!binary 's3cr3t%'":     "is not valid YAML",
		"s3cr3t: s3cr3t":         "line 6: did not find expected ',' or '}'",
		"@s3cr3t":                "line 6: found character that cannot start any token",
		"!s3cr3t!x y":            "line 6: found undefined tag handle",
		"{a: s3cr3t, a: s3cr3t}": `line 6: key "a" already set in map`,
		"{a:s3cr3t, a:s3cr3t}":   `line 6: has a key twice`,
		".inf":                   "is not valid YAML",
		"\xff":                   "invalid leading UTF-8 octet",
	} {
		text := "metadata:\n  name: a\nspec:\n  arguments:\n    parameters:\n    - {name: p, value: " + value + "}\n"
		_, problems := parseManifest(t.Context(), field.NewPath("manifest"), []byte(text), "", "ma")
		if len(problems) != 1 {
			t.Errorf("%q: %v", value, problems)
			continue
		}
		if got := problems[0].Error(); !strings.Contains(got, want) || strings.Contains(got, "s3cr3t") {
			t.Errorf("%q: %s; want %q", value, got, want)
		}
	}
}

func TestSyntaxProblemsOfTheFirstLine(t *testing.T) {
	for text, want := range map[string]string{
		"a: @b": "line 1: found character that cannot start any token", "a: {b: c: d}": "line 1: did not find expected ',' or '}'",
		"---\n---\na: @b": "line 3: found character that cannot start any token",
	} {
		_, problems := parseManifest(t.Context(), field.NewPath("manifest"), []byte(text), "", "ma")
		if got := invalid(problems...).Error(); !strings.Contains(got, want) {
			t.Errorf("%q: %s; want %q", text, got, want)
		}
	}
}
