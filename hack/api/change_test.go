package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"testing"
)

const lib = `
type Runner interface {
	Run(name string) error
}
type Event interface{ isEvent() }
type Client struct {
	Name string
	hidden int
}
func (c *Client) Run(name string) error { return nil }
func (c *Client) Close() error { return nil }
func (c Client) unseen() {}
type Key struct{ A int; b string }
type Pair[K comparable, V any] struct { Key K; Value V }
func (p *Pair[K, V]) Set(v V) { p.Value = v }
type base struct{ Shared int }
func (base) Promoted() {}
type Derived struct { base; Own string }
type Level string
const High Level = "high"
const Half = 0.5
const Two = 2.0
const Letter = 'x'
var ErrGone error
func New(name string, more ...Level) *Client { return nil }
func Of[T any](v T) Pair[string, T] { panic(v) }
type Text = string
type Visit func(yield func(*Client) bool)
`

func TestWhatAChangeIs(t *testing.T) {
	for name, test := range map[string]struct {
		from, to             string // "" and something: it is put at the end
		breaking, compatible string // what the messages have in them
	}{
		"nothing":                           {},
		"a body":                            {from: "{ return nil }", to: "{ panic(1) }"},
		"an unexported method":              {from: "func (c Client) unseen() {}"},
		"an unexported field":               {from: "hidden int", to: "hidden, other int"},
		"a name of a parameter":             {from: "Run(name string) error\n}", to: "Run(workflow string) error\n}"},
		"method removed":                    {from: "func (c *Client) Close() error { return nil }", breaking: "(*Client).Close: removed"},
		"promoted method removed":           {from: "func (base) Promoted() {}", breaking: "base.Promoted, method set of *Derived: removed"},
		"method added":                      {to: "func (c *Client) Stop() {}", compatible: "(*Client).Stop: added"},
		"method of a generic type changed":  {from: "Set(v V) {", to: "Set(v V, more ...V) {", breaking: ").Set: changed from "},
		"signature changed":                 {from: "func New(name string, ", to: "func New(name []byte, ", breaking: "New: changed from func(string, ...Level) *Client to func([]byte, ...Level) *Client"},
		"result added":                      {from: "more ...Level) *Client { return nil }", to: "more ...Level) (*Client, error) { return nil, nil }", breaking: "New: changed"},
		"generic function changed":          {from: "Of[T any](v T) Pair[string, T]", to: "Of[T any](v []T) Pair[string, T]", breaking: "Of: changed"},
		"function added":                    {to: "func Again() {}", compatible: "Again: added"},
		"function removed":                  {from: "func Of[T any](v T) Pair[string, T] { panic(v) }", breaking: "Of: removed"},
		"interface added":                   {to: "type Closer interface{ Close() }", compatible: "Closer: added"},
		"method added to an interface":      {from: "Run(name string) error\n}", to: "Run(name string) error\n\tWait()\n}", breaking: "Runner.Wait: added"},
		"to one that is ours alone":         {from: "Event interface{ isEvent() }", to: "Event interface{ isEvent(); Time() int }", compatible: "Event.Time: added"},
		"field added":                       {from: "Name string", to: "Name string\n\tMore bool", compatible: "Client.More: added"},
		"field changed":                     {from: "Name string", to: "Name int", breaking: "Client.Name: changed from string to int"},
		"promoted field removed":            {from: "base struct{ Shared int }", to: "base struct{ }", breaking: "Shared: removed"},
		"struct can't be compared any more": {from: "b string", to: "b []string", breaking: "Key: old is comparable, new is not"},
		"value of a constant changed":       {from: `"high"`, to: `"higher"`, breaking: `High: value changed from "high" to "higher"`},
		"constant is a whole number now":    {from: "0.5", to: "5", breaking: "Half: "},
		"type of a variable changed":        {from: "ErrGone error", to: "ErrGone *Client", breaking: "ErrGone: changed from error to *Client"},
		"alias changed":                     {from: "Text = string", to: "Text = []byte", breaking: "Text: changed"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(lib, test.from, test.to, 1)
			if test.from == "" {
				changed = lib + test.to
			}
			breaking, compatible := compare(t, lib, changed)
			check(t, "breaking", breaking, test.breaking)
			check(t, "compatible", compatible, test.compatible)
		})
	}
}

func TestPackages(t *testing.T) {
	pkg := compile(t, lib)
	if breaking, compatible := changes(nil, pkg); len(breaking) != 0 || len(compatible) != 1 {
		t.Errorf("a package that is new: breaking %q, compatible %q", breaking, compatible)
	}
	if breaking, compatible := changes(pkg, nil); len(breaking) != 1 || len(compatible) != 0 {
		t.Errorf("a package that is gone: breaking %q, compatible %q", breaking, compatible)
	}
}

// What is unexported and nothing exported is made of is not in the text, what is used is.
func TestHidden(t *testing.T) {
	text := write(compile(t, lib+"\ntype lonely struct{}\ntype used int\nfunc Use() map[string][]*used { return nil }"))
	if strings.Contains(text, "lonely") || strings.Contains(text, "unseen") || strings.Contains(text, "hidden") {
		t.Errorf("the text has unexported things:\n%s", text)
	}
	if !strings.Contains(text, "\ntype used int\n") || !strings.Contains(text, "\ntype base struct {\n\tShared int\n}\nfunc (base) Promoted()\n") {
		t.Errorf("the text lacks types that it uses:\n%s", text)
	}
}

// check wants messages that all have a text in them; "": none.
func check(t *testing.T, kind string, got []string, want string) {
	t.Helper()
	if (len(got) > 0) != (want != "") {
		t.Errorf("%s: got %q, want %q", kind, got, want)
	}
	for _, message := range got {
		if !strings.Contains(message, want) {
			t.Errorf("%s: got %q, want %q", kind, message, want)
		}
	}
}

// compare compares the text of what was with what is now, as the program does.
func compare(t *testing.T, before, now string) (breaking, compatible []string) {
	t.Helper()
	text := write(compile(t, before))
	packages, err := read(snapshots{"x.txt": text}, nil)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return changes(packages["x.txt"], compile(t, now))
}

func compile(t *testing.T, code string) *types.Package {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", "package x\n"+code, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("example.com/x", fset, []*ast.File{file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return pkg
}
