package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// snippet is one of Go that is compiled.
type snippet struct {
	page *page
	fence
	module string // the folder of its module, from the root on
	head   string // declarations that it needs besides
}

// checkSnippets compiles every block of Go, module by module.
func checkSnippets(ctx context.Context, root string, pages []*page) ([]problem, error) {
	var problems []problem
	byModule := map[string][]snippet{}
	for _, p := range pages {
		for _, f := range p.fences {
			if f.language != "go" {
				continue
			}
			s, text := readSnippet(root, p, f)
			if text != "" {
				problems = append(problems, problem{p.file, f.line, text})
			} else if s != nil {
				byModule[s.module] = append(byModule[s.module], *s)
			}
		}
	}
	for module, snippets := range byModule {
		found, err := compile(ctx, root, module, snippets)
		if err != nil {
			return nil, err
		}
		problems = append(problems, found...)
	}
	return problems, nil
}

// readSnippet follows the comment above a block. It returns what is to be compiled, or what is wrong,
// or neither where that is settled.
func readSnippet(root string, p *page, f fence) (s *snippet, problem string) {
	s = &snippet{page: p, fence: f, module: moduleOf(root, path.Dir(p.file))}
	how, found := strings.CutPrefix(strings.TrimLeft(f.above.text, " \t\n"), "snippet")
	if !found {
		return s, ""
	}
	line, head, _ := strings.Cut(how, "\n")
	verb, argument, _ := strings.Cut(strings.TrimSpace(line), " ")
	argument = strings.TrimSpace(argument)
	switch {
	case verb == "":
		s.head = head
		return s, ""
	case verb == "in":
		if !exists(root, path.Join(argument, "go.mod")) {
			return nil, fmt.Sprintf("snippet in %q: there is no such module", argument)
		}
		s.module, s.head = argument, head
		return s, ""
	case verb == "of":
		return nil, partOf(root, f.text, argument)
	case strings.HasPrefix(line, " not compiled: ") && len(argument) > len("compiled: "):
		return nil, ""
	}
	return nil, fmt.Sprintf("comment %q: a snippet is one, or is in a module, of a file, or not compiled: for a reason", strings.TrimSpace("snippet"+line))
}

// moduleOf is the folder of the module that a folder belongs to.
func moduleOf(root, dir string) string {
	for ; dir != "."; dir = path.Dir(dir) {
		if exists(root, path.Join(dir, "go.mod")) {
			return dir
		}
	}
	return "."
}

// partOf looks for a text in a file, whatever the indentation. "": it is there.
func partOf(root, text, file string) string {
	whole, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	switch {
	case err != nil || path.Ext(file) != ".go":
		return fmt.Sprintf("snippet of %q: there is no such file of Go", file)
	case strings.TrimSpace(text) == "":
		return "it is empty"
	case !strings.Contains(unindented(string(whole)), unindented(text)):
		return "this is not a part of " + file
	}
	return ""
}

func unindented(code string) string {
	var b strings.Builder
	for line := range strings.Lines(code) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}
