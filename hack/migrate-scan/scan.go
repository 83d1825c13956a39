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
	if u.Rule == "kubectl" || u.Rule == "argo" {
		at.command = f.Old
	}
	isMention := func(rule string) bool { return rule == "reference" || rule == "error" || rule == "method-reference" }
	if other, ok := s.found[at]; !ok || isMention(other.Rule) && !isMention(f.Rule) {
		s.found[at] = f
	}
}

// report adds the use of a name of the old API.
func (s *scanner) report(at uint, rule, old string, v value) {
	from := strings.TrimSuffix(rule, "-reference")
	if rule == "handler" {
		from = "error"
	}
	if r, ok := s.find(from, v.name); ok {
		r.Rule, r.Maybe = rule, v.unsure
		s.add(int(at), use{r, old})
	}
}

// findings returns what was found, in the order of the text.
func (s *scanner) findings() (all []finding) {
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
		between := s.text[at:all[i].offset]
		if start := strings.LastIndexByte(between, '\n') + 1; start > 0 {
			line, column, between = line+strings.Count(between, "\n"), 1, between[start:]
		}
		column += utf8.RuneCountInString(between)
		at, all[i].Line, all[i].Column = all[i].offset, line, column
	}
	return all
}

// partialError is the error of a file that was scanned in part.
type partialError struct{ error }

// broken describes the place from which on a file was not understood.
func (s *scanner) broken(offset int, reason string) error {
	before := s.text[:min(offset, len(s.text))]
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return partialError{fmt.Errorf("%d:%d: %s; what follows may be missed", strings.Count(before, "\n")+1, utf8.RuneCountInString(line)+1, reason)}
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
	t, err := loadTable()
	if err != nil {
		return nil, err
	}
	l, err := t.listSources(c.dirs)
	if err != nil {
		return nil, err
	}
	r := &report{Version: 1, Findings: []finding{}, Files: []tally{}, rules: t.Rules}
	for _, s := range l.sources {
		text, language, err := t.read(s)
		var found []finding
		if err == nil && language != "" {
			found, err = t.scanText(text, language, s.absolute)
		}
		var part partialError
		inPart := errors.As(err, &part)
		if err != nil {
			l.skipped = append(l.skipped, skipped{s.shown, reasonOf(err).Error(), inPart})
		}
		if language != "" && (err == nil || inPart) {
			r.Total.Scanned++
		}
		r.add(s.shown, found, c.onlySure)
	}
	slices.SortFunc(l.skipped, func(a, b skipped) int { return strings.Compare(a.File, b.File) })
	r.Skipped = append([]skipped{}, l.skipped...)
	r.Total.Files, r.Total.Skipped = len(r.Files), len(r.Skipped)
	return r, nil
}

// scanText finds what is old in the text of a file. The error says from where on the text was not
// understood.
func (t *table) scanText(text, language, file string) (found []finding, err error) {
	if !slices.ContainsFunc(t.Relevant, func(part string) bool { return strings.Contains(text, part) }) {
		return nil, nil
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	s := &scanner{table: t, file: file, text: text, found: map[place]finding{}}
	defer func() {
		if reason := recover(); reason != nil { // the parsers are not ours, and one file must not end the run
			err = partialError{fmt.Errorf("its parser failed: %v", reason)}
		}
		found = s.findings()
	}()
	switch language {
	case "python":
		return nil, s.python()
	case "go":
		return nil, s.golang()
	case "make":
		s.makefile()
	case "docker":
		s.dockerfile()
	default:
		err = s.shell(text, 0)
	}
	return nil, err
}
