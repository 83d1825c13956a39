// Package old knows what the scanner looks for: the API of argo_service.py, and the commands of
// kubectl and argo, each with what replaces it in this library.
package old

import (
	"cmp"
	"fmt"
	"strings"
)

// Sure is how sure a finding is; more is surer.
type Sure int

const (
	Possible Sure = iota + 1 // Possible: the name fits, and nothing says that it is another one's
	Likely                   // Likely: name and surroundings fit
	Certain                  // Certain: followed from the import, or written in full
)

func (s Sure) String() string {
	switch s {
	case Possible:
		return "possible"
	case Likely:
		return "likely"
	case Certain:
		return "certain"
	}
	return fmt.Sprintf("Sure(%d)", int(s))
}

// MarshalText writes the word for it.
func (s Sure) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads it as [ParseSure] does.
func (s *Sure) UnmarshalText(text []byte) (err error) {
	*s, err = ParseSure(string(text))
	return err
}

// ParseSure reads the word for it. The error names those that there are.
func ParseSure(text string) (Sure, error) {
	for _, s := range []Sure{Possible, Likely, Certain} {
		if text == s.String() {
			return s, nil
		}
	}
	return 0, fmt.Errorf("%q is none of possible, likely and certain", text)
}

// Replacement is what to use in place of something old.
type Replacement struct {
	// New is a Go expression, where client is a *workflow.WorkflowClient or what is made of one,
	// and state what it returns. "": nothing replaces it, and Note says why.
	New  string
	Note string
}

// Text is the expression, or where there is none the note.
func (r Replacement) Text() string {
	if r.New == "" {
		return r.Note
	}
	return r.New
}

// Use is something old, wherever it is.
type Use struct {
	Rule string // see [Rules]
	Old  string
	Replacement
	Sure Sure
	// Vague: the verb isn't known, so that this is a command only if it is run for sure.
	Vague bool
}

// Weaken makes the use at most as sure as that.
func (u Use) Weaken(most Sure) Use {
	u.Sure = min(u.Sure, most)
	return u
}

// Finding is a use at its place in a file. Line and Column count from 1, columns in characters.
type Finding struct {
	Line, Column int
	Use
}

// Compare orders findings by place, then by what they are.
func (f Finding) Compare(g Finding) int {
	return cmp.Or(
		cmp.Compare(f.Line, g.Line), cmp.Compare(f.Column, g.Column),
		strings.Compare(f.Rule, g.Rule), strings.Compare(f.Old, g.Old), strings.Compare(f.New, g.New),
		cmp.Compare(g.Sure, f.Sure),
	)
}
