package main

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// html notes the anchors and links that are written as HTML.
func (p *page) html(line int, text string) {
	for _, match := range regexp.MustCompile(`(?i)\b(id|name|href|src)\s*=\s*["']([^"']*)["']`).FindAllStringSubmatch(text, -1) {
		switch strings.ToLower(match[1]) {
		case "id", "name":
			p.anchors[match[2]] = true
		default:
			p.links = append(p.links, link{line: line, target: match[2]})
		}
	}
}

// checkLinks looks up every link within the repository, and reads those to elsewhere.
func checkLinks(root string, pages []*page) []problem {
	byFile := map[string]*page{}
	for _, p := range pages {
		byFile[p.file] = p
	}
	var problems []problem
	for _, p := range pages {
		for _, l := range p.links {
			if text := linkProblem(root, byFile, p, l.target); text != "" {
				problems = append(problems, problem{p.file, l.line, fmt.Sprintf("link %q: %s", l.target, text)})
			}
		}
	}
	return problems
}

// linkProblem is "" for a link that is fine.
func linkProblem(root string, pages map[string]*page, from *page, target string) string {
	u, err := url.Parse(target)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme == "http" || u.Scheme == "https":
		if u.Host == "" {
			return "no host"
		}
		return ""
	case u.Scheme == "mailto":
		return ""
	case u.Scheme != "" || u.Host != "":
		return "neither a path nor a link of https"
	case strings.HasPrefix(u.Path, "/"):
		return "a path has to be relative"
	case u.Path == "" && u.Fragment == "":
		return "it is empty"
	}
	file := from.file
	if u.Path != "" {
		file = path.Join(path.Dir(from.file), u.Path)
	}
	if file == ".." || strings.HasPrefix(file, "../") {
		return "it leads out of the repository"
	}
	info, err := os.Stat(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return "there is no " + file
	}
	if u.Fragment == "" {
		return ""
	}
	if info.IsDir() {
		file = path.Join(file, "README.md") // which GitHub shows
	}
	if page := pages[file]; page != nil {
		if !page.anchors[u.Fragment] {
			return file + " has no such heading"
		}
		return ""
	}
	return lineProblem(root, file, u.Fragment)
}

// lineProblem looks at the anchor of a file that is none of Markdown: GitHub knows those of lines.
func lineProblem(root, file, anchor string) string {
	match := regexp.MustCompile(`^L(\d+)(?:-L(\d+))?$`).FindStringSubmatch(anchor)
	if match == nil {
		return file + " has anchors of lines only, such as L10"
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return "there is no " + file
	}
	lines := bytes.Count(text, []byte("\n"))
	for _, number := range match[1:] {
		if line, err := strconv.Atoi(number); number != "" && (err != nil || line < 1 || line > lines) {
			return fmt.Sprintf("%s has %d lines", file, lines)
		}
	}
	return ""
}
