package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

// page is a file of Markdown, and what of it is looked at.
type page struct {
	file   string // from the root on, with slashes
	source []byte

	anchors map[string]bool
	links   []link
	fences  []fence
	spans   []span
}

// link is one to somewhere, or an image.
type link struct {
	line   int
	target string
	code   string // its text, where that is code and nothing else
}

// fence is a block of code.
type fence struct {
	line     int // its first line of text
	language string
	text     string
	above    comment // that stands right above it
}

// comment is one of HTML, without its marks.
type comment struct {
	line int
	text string
}

// span is code within a line.
type span struct {
	line int
	text string
}

// readPages reads all Markdown of a repository.
func readPages(root string) ([]*page, error) {
	var pages []*page
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		switch name := entry.Name(); {
		case entry.IsDir() && (name == "testdata" || name == "vendor" || name == "node_modules" || strings.HasPrefix(name, ".") && path != root):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(name) != ".md":
			return nil
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		within, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		pages = append(pages, readPage(filepath.ToSlash(within), source))
		return nil
	})
	return pages, err
}

func readPage(file string, source []byte) *page {
	p := &page{file: file, source: source, anchors: map[string]bool{}}
	document := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	slugs := slugger{}
	_ = ast.Walk(document, func(node ast.Node, entering bool) (ast.WalkStatus, error) { // none of it fails
		if !entering {
			return ast.WalkContinue, nil
		}
		line := p.lineOf(node)
		switch node := node.(type) {
		case *ast.Heading:
			p.anchors[slugs.next(plain(node, source))] = true
		case *ast.Link:
			l := link{line: line, target: string(node.Destination)}
			if node.ChildCount() == 1 && node.FirstChild().Kind() == ast.KindCodeSpan {
				l.code = plain(node, source)
			}
			p.links = append(p.links, l)
		case *ast.Image:
			p.links = append(p.links, link{line: line, target: string(node.Destination)})
		case *ast.AutoLink:
			if node.AutoLinkType == ast.AutoLinkURL {
				p.links = append(p.links, link{line: line, target: string(node.URL(source))})
			}
		case *ast.RawHTML:
			p.html(line, string(node.Segments.Value(source)))
		case *ast.HTMLBlock:
			p.html(line, blockText(node, source))
		case *ast.CodeSpan:
			p.spans = append(p.spans, span{line, plain(node, source)})
		case *ast.FencedCodeBlock:
			p.fences = append(p.fences, p.fence(node))
		}
		return ast.WalkContinue, nil
	})
	return p
}

func (p *page) fence(node *ast.FencedCodeBlock) fence {
	f := fence{language: string(node.Language(p.source)), text: string(node.Lines().Value(p.source)), line: p.lineOf(node) + 1}
	if node.Lines().Len() > 0 {
		f.line = p.lineAt(node.Lines().At(0).Start)
	}
	if above, ok := node.PreviousSibling().(*ast.HTMLBlock); ok {
		body := strings.TrimSpace(blockText(above, p.source))
		if inner, found := strings.CutPrefix(body, "<!--"); found {
			f.above = comment{line: p.lineOf(above), text: strings.TrimSuffix(inner, "-->")}
		}
	}
	return f
}

// blockText is a block of HTML as a whole; the parser keeps its last line apart.
func blockText(node *ast.HTMLBlock, source []byte) string {
	body := string(node.Lines().Value(source))
	if node.HasClosure() {
		body += string(node.ClosureLine.Value(source))
	}
	return body
}

// lineOf is the line that a node begins in, or that of what is around it.
func (p *page) lineOf(node ast.Node) int {
	for ; node != nil; node = node.Parent() {
		if node.Type() == ast.TypeBlock && node.Lines() != nil && node.Lines().Len() > 0 && node.Kind() != ast.KindFencedCodeBlock {
			return p.lineAt(node.Lines().At(0).Start)
		}
		if node.Pos() >= 0 {
			return p.lineAt(node.Pos())
		}
	}
	return 1
}

func (p *page) lineAt(offset int) int { return bytes.Count(p.source[:offset], []byte("\n")) + 1 }

// plain is the text of a node without marks.
func plain(node ast.Node, source []byte) string {
	var b strings.Builder
	_ = ast.Walk(node, func(node ast.Node, entering bool) (ast.WalkStatus, error) { // none of it fails
		if !entering {
			return ast.WalkContinue, nil
		}
		switch node := node.(type) {
		case *ast.Text:
			b.Write(node.Segment.Value(source))
			if node.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.String:
			b.Write(node.Value)
		}
		return ast.WalkContinue, nil
	})
	return b.String()
}
