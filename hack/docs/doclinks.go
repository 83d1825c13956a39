package main

import (
	"fmt"
	"go/ast"
	"regexp"
	"strings"
)

// brokenLinks finds what the comments of a package mean as a link to code, such as [Options.RetryFor],
// and what leads nowhere: Go's documentation shows that as it is, with its brackets.
func (l *library) brokenLinks(names *index) []problem {
	link := regexp.MustCompile(`(^|[^\w\]])\[\*?((?:[a-z]\w*\.)?[A-Z]\w*(?:\.[A-Z]\w*)?)\]($|[^\w(:\[])`)
	var problems []problem
	for _, file := range l.files {
		for _, group := range file.Comments {
			for _, comment := range group.List {
				if strings.HasPrefix(comment.Text, "//\t") { // code
					continue
				}
				for _, match := range link.FindAllStringSubmatch(comment.Text, -1) {
					if text := names.unlinked(file, match[2]); text != "" {
						problems = append(problems, l.problem(comment.Pos(), "link [%s]: %s", match[2], text))
					}
				}
			}
		}
	}
	return problems
}

// unlinked says why a link in a file leads nowhere; "": it is fine, or to a package that is none of ours.
func (i *index) unlinked(file *ast.File, link string) string {
	first, member, qualified := strings.Cut(link, ".")
	if qualified && first[0] >= 'a' && first[0] <= 'z' {
		return i.unknown(link)
	}
	if !i.has(file.Name.Name, first, member) {
		return fmt.Sprintf("package %s has no such name", file.Name.Name)
	}
	return ""
}
