// Command docs checks the documentation: links lead to files and headings, blocks of Go are parts of
// files that are compiled, the drawing of the packages shows their imports, make targets exist and
// .ci/run runs each in some form, tests and exported names (those in docs/api) exist, and every public
// package and every verb has an example.
//
// A comment above a block of Go, which readers don't see, names its file:
//
//	<!-- snippet of pkg/workflow/example_test.go -->
//
// With --write, the block becomes the lines of that file that now begin and end as it does.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
)

func main() {
	root := flag.String("root", ".", "the root of the repository")
	online := flag.Bool("online", false, "request links to other sites too")
	write := flag.Bool("write", false, "update the blocks of Go and the drawing of the packages")
	flag.Parse()
	problems, err := check(*root, *online, *write)
	for _, problem := range problems {
		fmt.Println(problem)
	}
	if err == nil && len(problems) > 0 {
		err = fmt.Errorf("%d problems in the documentation", len(problems))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "docs:", err)
		os.Exit(1)
	}
}

func check(root string, online, write bool) (problems []string, err error) {
	r, err := read(root)
	if err != nil {
		return nil, err
	}
	if err := r.checkCopies(write); err != nil {
		return nil, err
	}
	r.checkLinks(online)
	r.checkCode()
	r.checkExamples()
	slices.Sort(r.problems)
	return r.problems, nil
}

// repository holds what is checked, and what it is checked against.
type repository struct {
	root, module string
	files        map[string]string // by path from the root
	pages        map[string]*page  // the files of Markdown
	libraries    []library         // the files in docs/api
	tests        string            // all files of tests
	problems     []string
}

func read(root string) (*repository, error) {
	r := &repository{root: root, files: map[string]string{}, pages: map[string]*page{}}
	packageClause := regexp.MustCompile(`(?m)^package (\w+) // import "(.*)"$`) // of docs/api
	needed := regexp.MustCompile(`\.(md|go|mk)$|^docs/api/.*\.txt$|^Makefile$|^\.ci/run$|(^|/)go\.mod$`)
	err := fs.WalkDir(os.DirFS(root), ".", func(file string, entry fs.DirEntry, err error) error {
		switch name := path.Base(file); {
		case err != nil:
			return err
		case entry.IsDir() && (name == "testdata" || name == "node_modules" || name[0] == '.' && name != "." && name != ".ci"):
			return fs.SkipDir
		case entry.IsDir() || !needed.MatchString(file):
			return nil
		}
		text, err := fs.ReadFile(os.DirFS(root), file)
		r.files[file] = string(text)
		if strings.HasSuffix(file, ".md") {
			r.pages[file] = readPage(text)
		} else if strings.HasSuffix(file, "_test.go") {
			r.tests += r.files[file]
		} else if match := packageClause.FindStringSubmatch(r.files[file]); match != nil {
			r.libraries = append(r.libraries, library{file, r.files[file], match[1], match[2]})
		}
		return err
	})
	module, _, _ := strings.Cut(r.files["go.mod"], "\n")
	r.module = strings.TrimPrefix(module, "module ")
	return r, err
}

// report adds a problem, at the first line of the file that has the given text.
func (r *repository) report(file, at, format string, args ...any) {
	before := r.files[file][:max(0, strings.Index(r.files[file], at))]
	place := fmt.Sprintf("%s:%d: ", file, 1+strings.Count(before, "\n"))
	r.problems = append(r.problems, place+fmt.Sprintf(format, args...))
}
