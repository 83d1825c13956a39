package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	sure  = "sure"  // the import and the receiver are seen in the file, or the command is written in full
	maybe = "maybe" // only the name or the surroundings fit
)

// finding is one use of something old. Its column counts characters.
type finding struct {
	File      string `json:"file"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	Rule      string `json:"rule"`
	Certainty string `json:"certainty"`
	Old       string `json:"old"`
	New       string `json:"new"`
	Note      string `json:"note"`

	offset int
	guess  bool
}

// use is something old, before its place is known.
type use struct {
	replacement
	old string
}

// scanner gathers the findings of one file.
type scanner struct {
	*table
	file, text string // the file's path says which Python module it is
	found      map[place]finding
	literals   map[int][]string // lists that can be commands, by offset; nil where they are run
}

// place is where one thing is found only once: a part of the Python API, or a command.
type place struct {
	offset  int
	command string
}

// add adds a finding. At one place, a name that is only mentioned gives way to any other use of it.
func (s *scanner) add(offset int, u use) {
	f := finding{Rule: u.Rule, Certainty: sure, Old: brief(u.old), New: u.New, Note: u.Note, offset: offset, guess: u.Guess}
	if u.Maybe || u.Guess {
		f.Certainty = maybe
	}
	at := place{offset: offset}
	if isProgram(u.Rule) {
		at.command = f.Old
	}
	if other, ok := s.found[at]; !ok || s.is("mention", other.Rule) && !s.is("mention", f.Rule) {
		s.found[at] = f
	}
}

// addAll adds commands. What is vague counts only if it is sure.
func (s *scanner) addAll(offset int, uses []use, unsure bool) (added bool) {
	for _, u := range uses {
		if u.Maybe = u.Maybe || unsure; !u.Vague || !u.Maybe {
			s.add(offset, u)
			added = true
		}
	}
	return added
}

// findings returns what was found, in the order of the text.
func (s *scanner) findings() (all []finding) {
	for offset, words := range s.literals {
		s.addAll(offset, s.process(words, 0), true)
	}
	guesses := true
	for _, f := range s.found {
		all, guesses = append(all, f), guesses && f.guess
	}
	if guesses {
		return nil
	}
	slices.SortFunc(all, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), strings.Compare(a.Old, b.Old))
	})
	at, line, column := 0, 1, 1
	for i := range all { // one pass, since a line can be as long as a file
		line, column = advance(line, column, s.text[at:all[i].offset])
		at, all[i].Line, all[i].Column = all[i].offset, line, column
	}
	return all
}

// advance returns the line and column behind a text.
func advance(line, column int, text string) (int, int) {
	if start := strings.LastIndexByte(text, '\n') + 1; start > 0 {
		line, column, text = line+strings.Count(text, "\n"), 1, text[start:]
	}
	return line, column + utf8.RuneCountInString(text)
}

// partialError is the error of a file that was scanned in part.
type partialError struct{ error }

// broken describes the place from which on a file was not understood.
func (s *scanner) broken(offset int, reason string) error {
	line, column := advance(1, 1, s.text[:min(offset, len(s.text))])
	return partialError{fmt.Errorf("%d:%d: %s; what follows may be missed", line, column, reason)}
}

// brief shortens code to one line of at most 80 characters.
func brief(code string) string {
	code = strings.Join(strings.Fields(code), " ")
	if runes := []rune(code); len(runes) > 80 {
		return string(runes[:79]) + unknown
	}
	return code
}

// scan reads the files below the folders and finds what is old in them.
func scan(c config) (*report, error) {
	t := loadTable()
	l, err := t.listSources(c.dirs)
	if err != nil {
		return nil, err
	}
	r := &report{Version: 1, Findings: []finding{}, Skipped: l.skipped, rules: t.Rules}
	for _, s := range l.sources {
		text, language, err := t.read(s)
		if err == nil && language == "" {
			continue
		}
		var found []finding
		if err == nil {
			found, err = t.scanText(text, language, s.absolute)
		}
		_, inPart := errors.AsType[partialError](err)
		if err != nil {
			r.Skipped = append(r.Skipped, skipped{s.shown, reasonOf(err).Error(), inPart})
		}
		if err == nil || inPart {
			r.Total.Scanned++
		}
		if c.onlySure {
			found = slices.DeleteFunc(found, func(f finding) bool { return f.Certainty != sure })
		}
		r.add(s.shown, found)
	}
	slices.SortFunc(r.Skipped, func(a, b skipped) int { return strings.Compare(a.File, b.File) })
	r.Total.Skipped = len(r.Skipped)
	return r, nil
}

// scanText finds what is old in the text of a file. The error says from where on the text was not
// understood.
func (t *table) scanText(text, language, file string) (found []finding, err error) {
	if !slices.ContainsFunc(t.Relevant, func(part string) bool { return strings.Contains(text, part) }) {
		return nil, nil
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	s := &scanner{table: t, file: file, text: text, found: map[place]finding{}, literals: map[int][]string{}}
	defer func() {
		if reason := recover(); reason != nil { // the parsers are not ours, and one file must not end the run
			err = partialError{fmt.Errorf("its parser failed: %v", reason)}
		}
		found = s.findings()
	}()
	switch language {
	case "python":
		err = s.python()
	case "go":
		err = s.golang()
	case "make":
		s.makefile()
	case "docker":
		s.dockerfile()
	default:
		err = s.shell(text, 0)
	}
	return nil, err
}
