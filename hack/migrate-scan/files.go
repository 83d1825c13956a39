package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

const (
	maxFile   = 2 << 20 // bytes; larger files are not written by hand
	firstLine = 256     // bytes that are looked at for a script's interpreter
)

// source is a file to be scanned.
type source struct {
	shown, absolute, language string // shown begins with DIR as it was given
}

// skipped is a file or folder that was not scanned, or not completely.
type skipped struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
	Partly bool   `json:"partly"` // the part that was understood was scanned
}

// lister collects the files below folders.
type lister struct {
	*table
	sources []source
	skipped []skipped
	seen    map[string]bool // by absolute path, since folders can be given twice
	top     string          // the repository's root, or DIR outside of repositories
	ignored gitignore.Matcher
}

// listSources finds the files to scan. A DIR that cannot be read is an error; a folder below it
// that cannot be read is skipped.
func (t *table) listSources(dirs []string) (*lister, error) {
	l := &lister{table: t, seen: map[string]bool{}, skipped: []skipped{}}
	for _, dir := range dirs {
		root, err := filepath.Abs(dir)
		if err == nil {
			root, err = filepath.EvalSymlinks(root)
		}
		if err == nil {
			l.readIgnored(root)
			err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error { return l.visit(dir, root, file, entry, err) })
		}
		if err != nil {
			return nil, fmt.Errorf("DIR %s: %w", dir, reasonOf(err))
		}
	}
	slices.SortFunc(l.sources, func(a, b source) int { return strings.Compare(a.shown, b.shown) })
	return l, nil
}

// readIgnored reads the .gitignore files of the repository that root is in, up to the first folder
// that cannot be read. They do not apply if they exclude root itself, which was asked for by name.
func (l *lister) readIgnored(root string) {
	l.top = root
	for at := root; at != filepath.Dir(at); at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			l.top = at
			break
		}
	}
	for _, l.top = range []string{l.top, root} {
		patterns, _ := gitignore.ReadPatterns(osfs.New(l.top), nil)
		if l.ignored = gitignore.NewMatcher(patterns); !l.ignores(root, true) {
			return
		}
	}
}

func (l *lister) ignores(file string, isDir bool) bool {
	below, err := filepath.Rel(l.top, file)
	return err == nil && below != "." && l.ignored.Match(strings.Split(filepath.ToSlash(below), "/"), isDir)
}

func (l *lister) visit(dir, root, file string, entry fs.DirEntry, err error) error {
	below, _ := filepath.Rel(root, file) // it is below
	shown, name := filepath.ToSlash(filepath.Join(dir, below)), filepath.Base(file)
	language := l.languageOf(name, "python", "go", "shell", "make", "docker", "script")
	switch {
	case err != nil && file == root:
		return err
	case err != nil:
		l.skipped = append(l.skipped, skipped{File: shown, Reason: reasonOf(err).Error()})
	case entry.IsDir():
		if _, err := os.Lstat(filepath.Join(file, "pyvenv.cfg")); file != root && (err == nil || l.is("foreign", name) || l.ignores(file, true)) {
			return fs.SkipDir
		}
	case !entry.Type().IsRegular() || language == "": // links could lead anywhere
		if file == root {
			return errors.New("neither a folder nor a file in a supported language")
		}
	case !l.seen[file] && (file == root || !l.ignores(file, false)):
		l.seen[file] = true
		l.sources = append(l.sources, source{shown, file, language})
	}
	return nil
}

// languageOf returns the first of the languages whose pattern a name matches.
func (t *table) languageOf(name string, languages ...string) string {
	for _, language := range languages {
		if t.is(language, name) {
			return strings.TrimPrefix(language, "#!")
		}
	}
	return ""
}

// read returns a file's text and its language, which is "" for a script in a language that is not
// supported. A byte that is not UTF-8 becomes one character: what is searched for is ASCII.
func (t *table) read(s source) (text, language string, err error) {
	file, err := os.Open(s.absolute)
	if err != nil {
		return "", "", err
	}
	defer func() { _ = file.Close() }() // it was only read
	all, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	text, language = strings.TrimPrefix(string(all), "\uFEFF"), s.language
	if language == "script" {
		line, _, _ := strings.Cut(text, "\n")
		language = t.languageOf(strings.TrimSpace(line[:min(len(line), firstLine)]), "#!python", "#!shell")
	}
	switch {
	case err != nil || language == "":
	case len(all) > maxFile:
		err = fmt.Errorf("is larger than %d MB", maxFile>>20)
	case strings.ContainsRune(text, 0):
		err = errors.New("contains NUL bytes, so it is not source code")
	case !utf8.ValidString(text):
		text = string([]rune(text))
	}
	return text, language, err
}

// reasonOf returns an error of the file system without the path, which is shown beside it.
func reasonOf(err error) error {
	if of, ok := errors.AsType[*fs.PathError](err); ok {
		return of.Err
	}
	return err
}
