package main

import (
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for name, test := range map[string]struct{ code, want string }{
		"all said": {code: `
// A is.
type A struct {
	// B is.
	B int
	C int // is, and what stands right above it, too

	D
	e int
}

// D is.
type D struct{}

func (D) Error() string { return "" }

// I is.
type I interface {
	// M does.
	M()
}

// These are.
const (
	X = 1
	Y = 2
)

const (
	// V is, and what stands right below, too.
	V = 1
	W = 2
)

func unseen() {}

type hidden struct{ A int }

func (hidden) Seen() {}
`},
		"function":                   {"func F() {}", "F is exported"},
		"method":                     {"// A is.\ntype A int\n\nfunc (*A) F() {}", "F is exported"},
		"method of a generic type":   {"// A is.\ntype A[T any] struct{}\n\nfunc (*A[T]) F() {}", "F is exported"},
		"type":                       {"type A int", "A is exported"},
		"variable":                   {"var A int", "A is exported"},
		"constant of a group":        {"const (\n\t// A is.\n\tA = 1\n\n\tB = 2\n)", "B is exported"},
		"field":                      {"// A is.\ntype A struct {\n\tB int\n}", "A.B is exported"},
		"field in another paragraph": {"// A is.\ntype A struct {\n\tB int // is\n\n\tC int\n}", "A.C is exported"},
		"method of an interface":     {"// A is.\ntype A interface {\n\tB()\n}", "A.B is exported"},
		"link":                       {"// A is as [B.Do], [lib.Do], [*C] and [errors.Is], of list[A], [A]: [1], and [Do].\n//\n//\tx[Nothing]\ntype A int\n\n// B has all of [C].\ntype B struct{ C }\n\n// C is.\ntype C int", ""},
		"link to nothing":            {"// A is, see [Nothing].\ntype A int", "link [Nothing]: package lib has no such name"},
		"link to no member":          {"// A is, see [A.Do].\ntype A int", "link [A.Do]: package lib has no such name"},
		"link to nothing of ours":    {"// A is, see [lib.Nothing].\ntype A int", "link [lib.Nothing]: package lib has no Nothing"},
		"verb without an example":    {"// Interface is.\ntype Interface interface {\n\tPart\n}\n\n// Part is.\ntype Part interface {\n\t// Verb does.\n\tVerb()\n}", "no example calls Verb"},
	} {
		t.Run(name, func(t *testing.T) {
			got := found(t, repository(t, map[string]string{"pkg/lib/more.go": "package lib\n" + test.code + "\n"}))
			switch {
			case test.want == "" && got != nil:
				t.Errorf("it finds %q", got)
			case test.want != "" && (len(got) != 1 || !strings.HasPrefix(got[0], "pkg/lib/more.go:") || !strings.Contains(got[0], test.want)):
				t.Errorf("it finds %q, want %q", got, test.want)
			}
		})
	}
}

func TestPackagesWithoutWords(t *testing.T) {
	got := found(t, repository(t, map[string]string{
		"pkg/bare/bare.go":     "package bare\n",
		"pkg/lib/use_test.go":  "package lib\n\nfunc ExampleDo() { Do(1) }\n",
		"pkg/internal/x/x.go":  "package x\n\nfunc Unsaid() {}\n",
		"adapters/cmd/main.go": "package main\n\nfunc Unsaid() {}\n",
	}))
	if len(got) != 2 || !strings.Contains(got[0], "bare has no overview") || !strings.Contains(got[1], "bare has no example") {
		t.Errorf("it finds %q", got)
	}
}
