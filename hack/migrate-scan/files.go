package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// source is a file to be looked at.
type source struct {
	path     string // as it is shown: that of DIR as given, and what is below it
	absolute string
	language language
}

// skipped is what could not be looked at, in whole or in part.
type skipped struct {
	File   string `json:"file"`
	Reason string `json:"reason"`
	// Partly: what could be understood was looked at.
	Partly bool `json:"partly"`
}

// lister collects the files below folders.
type lister struct {
	sources []source
	skipped []skipped
	seen    map[string]bool // by absolute path, since folders can be given twice
}

// listSources finds the files to look at. A DIR that isn't there or can't be read is an error
// that names it; a folder below it that can't be read is skipped.
func listSources(dirs []string) ([]source, []skipped, error) {
	l := &lister{seen: map[string]bool{}}
	for _, dir := range dirs {
		if err := l.root(dir); err != nil {
			return nil, nil, err
		}
	}
	return l.sources, l.skipped, nil
}

func (l *lister) root(dir string) error {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("DIR %s: %w", dir, err)
	}
	if absolute, err = filepath.EvalSymlinks(absolute); err != nil {
		return fmt.Errorf("DIR %s: %w", dir, reasonOf(err))
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return fmt.Errorf("DIR %s: %w", dir, reasonOf(err))
	}
	if !info.IsDir() {
		language := languageOf(filepath.Base(absolute))
		if !info.Mode().IsRegular() || language == unknownLanguage {
			return fmt.Errorf("DIR %s: neither a folder nor a file in a language that is looked at", dir)
		}
		l.file(filepath.Clean(dir), absolute, language)
		return nil
	}
	entries, err := os.ReadDir(absolute)
	if err != nil {
		return fmt.Errorf("DIR %s: %w", dir, reasonOf(err))
	}
	l.folder(filepath.Clean(dir), absolute, entries, ignoresAbove(absolute))
	return nil
}

func (l *lister) file(shown, absolute string, language language) {
	if !l.seen[absolute] {
		l.seen[absolute] = true
		l.sources = append(l.sources, source{filepath.ToSlash(shown), absolute, language})
	}
}

// folder lists what is in a folder, in the order of its names, and below.
func (l *lister) folder(shown, absolute string, entries []os.DirEntry, ignored ignores) {
	ignored = ignored.with(absolute)
	for _, entry := range entries {
		name := entry.Name()
		shownHere, path := filepath.Join(shown, name), filepath.Join(absolute, name)
		switch {
		case entry.IsDir():
			if skippedFolder(name) || ignored.match(path, true) || isVirtualEnv(path) {
				continue
			}
			below, err := os.ReadDir(path)
			if err != nil {
				l.skipped = append(l.skipped, skipped{File: filepath.ToSlash(shownHere), Reason: reasonOf(err).Error()})
				continue
			}
			l.folder(shownHere, path, below, ignored)
		case entry.Type().IsRegular(): // no links, which could lead anywhere, and no devices
			if language := languageOf(name); language != unknownLanguage && !ignored.match(path, false) {
				l.file(shownHere, path, language)
			}
		}
	}
}

func isVirtualEnv(path string) bool {
	_, err := os.Lstat(filepath.Join(path, "pyvenv.cfg"))
	return err == nil
}

// reasonOf is an error of the file system without the path, which is shown beside it.
func reasonOf(err error) error {
	var of *os.PathError
	if errors.As(err, &of) {
		return of.Err
	}
	return err
}
