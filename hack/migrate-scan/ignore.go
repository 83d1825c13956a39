package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"github.com/go-git/go-git/v5/plumbing/format/gitignore"
)

// skippedFolder reports whether a folder has what others wrote, or what tools make: it is passed
// over wherever it is, unless it is a DIR itself.
func skippedFolder(name string) bool {
	switch name {
	case ".git", ".hg", ".svn", ".bzr", "vendor", "node_modules", "bower_components",
		"venv", ".venv", "virtualenv", "site-packages", "dist-packages", ".eggs",
		"__pycache__", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".ipynb_checkpoints",
		".cache", ".gradle", ".terraform", ".idea", ".vscode":
		return true
	}
	return strings.HasSuffix(name, ".egg-info")
}

// ignores are the patterns of .gitignore files that hold in a folder, the weakest first.
type ignores struct {
	root     string // patterns are matched against the path from here
	patterns []gitignore.Pattern
}

// ignoresAbove reads the .gitignore files of the folders that dir lies in, up to its repository's
// root. They don't hold for a dir that they ignore as a whole: it was asked for by name.
func ignoresAbove(dir string) ignores {
	var above []string
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Lstat(filepath.Join(at, ".git")); err == nil {
			i := ignores{root: at}
			for n := len(above) - 1; n >= 0; n-- {
				i = i.with(above[n])
			}
			if dir != at && i.match(dir, true) {
				break
			}
			return i
		}
		if at == filepath.Dir(at) {
			break
		}
		above = append(above, filepath.Dir(at))
	}
	return ignores{root: dir}
}

// with adds the patterns of a folder's own .gitignore, if it has one.
func (i ignores) with(folder string) ignores {
	text, err := os.ReadFile(filepath.Join(folder, ".gitignore"))
	if err != nil {
		return i // there is none, or git couldn't read it either
	}
	more := append([]gitignore.Pattern{}, i.patterns...)
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))) {
		pattern := strings.TrimRight(string(line), "\r\n")
		if strings.TrimSpace(pattern) != "" && !strings.HasPrefix(pattern, "#") {
			more = append(more, gitignore.ParsePattern(pattern, i.parts(folder)))
		}
	}
	i.patterns = more
	return i
}

// parts is a path below the root in its parts; none for the root itself.
func (i ignores) parts(path string) []string {
	below, err := filepath.Rel(i.root, path)
	if err != nil || below == "." {
		return nil
	}
	return strings.Split(filepath.ToSlash(below), "/")
}

// match reports whether the last pattern that fits a path ignores it.
func (i ignores) match(path string, isDir bool) bool {
	if len(i.patterns) == 0 {
		return false
	}
	parts := i.parts(path)
	for n := len(i.patterns) - 1; n >= 0; n-- {
		switch i.patterns[n].Match(parts, isDir) {
		case gitignore.Exclude:
			return true
		case gitignore.Include:
			return false
		}
	}
	return false
}
