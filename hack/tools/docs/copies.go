package main

import (
	"fmt"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	drawingBegin = "<!-- packages: written by make docs ARGS=--write -->\n"
	drawingEnd   = "<!-- end of packages -->\n"
)

// checkCopies compares what pages repeat of the code with the code. With write it updates the pages.
func (r *repository) checkCopies(write bool) error {
	goBlock := regexp.MustCompile("(?m)^(?:<!-- snippet of (\\S+) -->\n)?[ \t]*[`~]{3,} *(?i:go|golang)\n((?:.*\n)*?)[ \t]*[`~]{3,}$")
	for file := range r.pages {
		update := func(at, was, is, source string) string {
			if was != is && !write {
				r.report(file, at, "%s changed: make docs ARGS=--write", source)
			}
			return is
		}
		page := goBlock.ReplaceAllStringFunc(r.files[file], func(block string) string {
			match := goBlock.FindStringSubmatch(block)
			source, snippet := match[1], match[2]
			if path.Ext(source) != ".go" || r.files[source] == "" {
				r.report(file, block, "the line above must name a Go file that has these lines: <!-- snippet of FILE.go -->")
				return block
			}
			part := partOf(r.files[source], snippet)
			if part == "" {
				r.report(file, block, "%s has no lines that begin and end like these", source)
				return block
			}
			at := strings.LastIndex(block, snippet)
			return block[:at] + update(block, snippet, part, source) + block[at+len(snippet):]
		})
		if file == "docs/architecture.md" {
			before, rest, begun := strings.Cut(page, drawingBegin)
			drawn, after, ended := strings.Cut(rest, drawingEnd)
			if begun && ended {
				page = before + drawingBegin + update(drawingBegin, drawn, r.drawing(), "the imports") + drawingEnd + after
			} else {
				r.report(file, "", "lacks the lines %q and %q", drawingBegin, drawingEnd)
			}
		}
		if write && page != r.files[file] {
			r.files[file] = page
			if err := os.WriteFile(filepath.Join(r.root, file), []byte(page), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// partOf returns a snippet that is in the code at any indentation. Otherwise it returns the lines that
// begin and end like the snippet and are closest to it in number.
func partOf(code, snippet string) (part string) {
	want := strings.Split(strings.TrimSuffix(snippet, "\n"), "\n")
	lines := strings.Split(code, "\n")
	least := len(lines) + len(want)
	for i, line := range lines {
		indentation, found := strings.CutSuffix(line, want[0])
		if !found || line == "" || strings.Trim(indentation, "\t") != "" {
			continue
		}
		var got []string
		for _, line := range lines[i:] {
			line, found := strings.CutPrefix(line, indentation)
			if !found && line != "" {
				break
			}
			if got = append(got, line); slices.Equal(got, want) {
				return snippet
			}
			if distance := max(len(got)-len(want), len(want)-len(got)); line == want[len(want)-1] && distance < least {
				part, least = strings.Join(got, "\n")+"\n", distance
			}
		}
	}
	return part
}

// drawing shows in Mermaid's language what imports what: packages of the root module, and other
// modules as a whole. The tools in hack are left out, which the rest does not import.
func (r *repository) drawing() string {
	boxes, arrows := map[string]bool{}, map[string]string{} // arrows by "from to"
	for file, source := range r.files {
		code, err := parser.ParseFile(token.NewFileSet(), "", source, parser.ImportsOnly)
		if path.Ext(file) != ".go" || strings.HasPrefix(file, "hack/") || err != nil {
			continue
		}
		from := r.box(path.Dir(file))
		for _, spec := range code.Imports {
			dir, found := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), r.module+"/")
			to := r.box(dir)
			if !found || to == from {
				continue
			}
			boxes[from], boxes[to] = true, true
			if ends := from + " " + to; !strings.HasSuffix(file, "_test.go") {
				arrows[ends] = "-->"
			} else if arrows[ends] == "" {
				arrows[ends] = "-.->"
			}
		}
	}
	groups := map[string]string{}
	for _, box := range slices.Sorted(maps.Keys(boxes)) {
		title, _, _ := strings.Cut(box, "/")
		kind := "packages of the root module"
		if r.files[box+"/go.mod"] != "" {
			kind = "modules of their own"
		}
		title += ": " + kind
		groups[title] += fmt.Sprintf("        %s[%q]\n", id(box), box)
	}
	drawing := "```mermaid\nflowchart TD\n"
	for i, title := range slices.Sorted(maps.Keys(groups)) {
		drawing += fmt.Sprintf("    subgraph group%d[%q]\n%s    end\n", i, title, groups[title])
	}
	for _, ends := range slices.Sorted(maps.Keys(arrows)) {
		from, to, _ := strings.Cut(ends, " ")
		drawing += fmt.Sprintf("    %s %s %s\n", id(from), arrows[ends], id(to))
	}
	return drawing + "```\n"
}

// box returns the folder of a package, or of its module if that is not the root.
func (r *repository) box(dir string) string {
	for module := dir; module != "."; module = path.Dir(module) {
		if r.files[module+"/go.mod"] != "" {
			return module
		}
	}
	return dir
}

func id(box string) string { return strings.NewReplacer("/", "_", "-", "_").Replace(box) }
