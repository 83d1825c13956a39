package main

import (
	"bytes"
	"path"
	"regexp"
	"strings"
)

// language is what a file is written in.
type language int

const (
	unknownLanguage language = iota
	pythonLanguage
	goLanguage
	shellLanguage
	makeLanguage
	dockerLanguage
	scriptLanguage // no ending: what it is says its first line
)

// languageOf tells the language from a file's name.
func languageOf(name string) language {
	lower := strings.ToLower(name)
	switch path.Ext(lower) {
	case ".py", ".pyi", ".pyw":
		return pythonLanguage
	case ".go":
		return goLanguage
	case ".sh", ".bash", ".ksh", ".bats":
		return shellLanguage
	case ".mk":
		return makeLanguage
	case ".dockerfile":
		return dockerLanguage
	}
	switch base, _, _ := strings.Cut(lower, "."); base {
	case "makefile", "gnumakefile":
		return makeLanguage
	case "dockerfile", "containerfile":
		return dockerLanguage
	}
	if path.Ext(strings.TrimPrefix(name, ".")) == "" {
		return scriptLanguage
	}
	return unknownLanguage
}

// firstLine is how much of a file has to be read for its interpreter.
const firstLine = 256

// interpreted tells the language of a script from the beginning of its text.
func interpreted(text []byte) language {
	line, _, _ := bytes.Cut(text[:min(firstLine, len(text))], []byte("\n"))
	if !bytes.HasPrefix(line, []byte("#!")) {
		return unknownLanguage
	}
	interpreter := regexp.MustCompile(`[/\s](python|pypy|bash|dash|ash|ksh|sh)[\d.]*(\s|$)`).FindSubmatch(line)
	switch {
	case interpreter == nil:
		return unknownLanguage
	case bytes.HasPrefix(interpreter[1], []byte("py")):
		return pythonLanguage
	}
	return shellLanguage
}
