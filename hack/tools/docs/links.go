package main

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"strings"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// page is what is checked of a file of Markdown, except for its blocks of Go.
type page struct {
	anchors map[string]bool
	links   []link
	code    []string // within lines, and each line of a block of sh
}

type link struct{ text, target string }

func readPage(source []byte) *page {
	p := &page{anchors: map[string]bool{}}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) { // it returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.Heading:
			p.addAnchor(plain(node, source))
		case *ast.Link:
			p.links = append(p.links, link{plain(node, source), string(node.Destination)})
		case *ast.Image:
			p.links = append(p.links, link{target: string(node.Destination)})
		case *ast.AutoLink:
			if node.AutoLinkType == ast.AutoLinkURL {
				p.links = append(p.links, link{target: string(node.URL(source))})
			}
		case *ast.CodeSpan:
			p.code = append(p.code, plain(node, source))
		case *ast.FencedCodeBlock:
			if string(node.Language(source)) == "sh" {
				for line := range strings.Lines(string(node.Lines().Value(source))) {
					command, _, _ := strings.Cut(line, " #")
					p.code = append(p.code, strings.TrimSpace(command))
				}
			}
		}
		return ast.WalkContinue, nil
	})
	return p
}

// plain returns the text of a node without its marks.
func plain(node ast.Node, source []byte) (all string) {
	if text, ok := node.(*ast.Text); ok {
		return string(text.Segment.Value(source))
	}
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		all += plain(child, source)
	}
	return all
}

// addAnchor adds the anchor that GitHub gives a heading.
func (p *page) addAnchor(heading string) {
	slug := regexp.MustCompile(`[^\p{L}\p{M}\p{N} _-]`).ReplaceAllString(strings.ToLower(heading), "")
	slug = strings.ReplaceAll(slug, " ", "-")
	anchor := slug
	for n := 1; p.anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", slug, n)
	}
	p.anchors[anchor] = true
}

func (r *repository) checkLinks(online bool) {
	for file, p := range r.pages {
		for _, l := range p.links {
			if problem := r.linkProblem(file, l, online); problem != "" {
				r.report(file, l.target, "link %q: %s", l.target, problem)
			}
		}
	}
}

func (r *repository) linkProblem(file string, l link, online bool) string {
	u, err := url.Parse(l.target)
	switch {
	case err != nil:
		return err.Error()
	case u.Scheme == "https" || u.Scheme == "http":
		if online {
			return request(l.target)
		}
		return ""
	case u.Scheme != "" || l.target == "" || strings.HasPrefix(u.Path, "/"):
		return "neither a relative path nor a URL"
	case u.Path != "":
		file = path.Join(path.Dir(file), u.Path)
	}
	info, err := fs.Stat(os.DirFS(r.root), file) // an error also for what is outside of the root
	if err != nil {
		return "there is no " + file
	}
	if testName.MatchString(l.text) && path.Ext(file) == ".go" && !strings.Contains(r.files[file], "\nfunc "+l.text+"(") {
		return "there is no " + l.text + " in it"
	}
	if info.IsDir() {
		file = path.Join(file, "README.md") // which GitHub shows
	}
	if p := r.pages[file]; u.Fragment != "" && (p == nil || !p.anchors[u.Fragment]) {
		return file + " has no such heading"
	}
	return ""
}

// request returns a problem if the page does not exist, and for no other answer: many servers refuse
// programs.
func request(address string) (problem string) {
	client := &http.Client{Timeout: 30 * time.Second}
	response, err := client.Get(address) //nolint:noctx // the client has a timeout
	if err != nil {
		return err.Error()
	}
	_ = response.Body.Close() // only the status matters
	if response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusGone {
		return response.Status
	}
	return ""
}
