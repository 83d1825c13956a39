package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// What is drawn stands between these marks, which readers don't see.
const (
	drawingBegin = "<!-- packages: written by make docs ARGS=--write -->\n"
	drawingEnd   = "<!-- end of packages -->\n"
)

// drawings are the pages that have one.
func drawings() []string { return []string{"docs/architecture.md"} }

// checkDrawings compares what is drawn with the code.
func checkDrawings(root string) ([]problem, error) {
	var problems []problem
	for _, file := range drawings() {
		before, after, err := redraw(root, file)
		if err != nil {
			return nil, err
		}
		if before != after {
			begin, _, _ := strings.Cut(before, drawingBegin)
			problems = append(problems, problem{file, strings.Count(begin, "\n") + 1, "the drawing is not what the code is any more: make docs ARGS=--write"})
		}
	}
	return problems, nil
}

func writeDrawings(root string) error {
	for _, file := range drawings() {
		before, after, err := redraw(root, file)
		if err != nil {
			return err
		}
		if before == after {
			continue
		}
		if err := os.WriteFile(filepath.Join(root, filepath.FromSlash(file)), []byte(after), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// redraw returns a page as it is, and with what is drawn anew.
func redraw(root, file string) (before, after string, err error) {
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return "", "", err
	}
	before = string(text)
	head, rest, found := strings.Cut(before, drawingBegin)
	_, tail, closed := strings.Cut(rest, drawingEnd)
	if !found || !closed {
		return "", "", fmt.Errorf("%s lacks the marks %q and %q", file, drawingBegin, drawingEnd)
	}
	graph, err := readGraph(root)
	if err != nil {
		return "", "", err
	}
	return before, head + drawingBegin + graph.mermaid() + drawingEnd + tail, nil
}
