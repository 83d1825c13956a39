package main

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// compile has go vet look at snippets, each as a package of a module that is made for them and sees what
// theirs does. Their lines are those of the page.
func compile(ctx context.Context, root, module string, snippets []snippet) (problems []problem, err error) {
	temp, err := os.MkdirTemp("", "snippets-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	if err := guestModule(temp, filepath.Join(root, filepath.FromSlash(module))); err != nil {
		return nil, err
	}
	// Code that can't be reached is where the names are used that a fragment declares and doesn't use.
	args := []string{"vet", "-unreachable=false"}
	for i, s := range snippets {
		code, found := s.code(root)
		if found != nil {
			problems = append(problems, *found)
			continue
		}
		name := "snippet" + strconv.Itoa(i)
		if err := os.Mkdir(filepath.Join(temp, name), 0o700); err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(temp, name, "snippet.go"), []byte(code), 0o600); err != nil {
			return nil, err
		}
		args = append(args, "./"+name)
	}
	if len(problems) == len(snippets) {
		return problems, nil
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = temp
	cmd.Env = append(os.Environ(), "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return problems, nil
	}
	found := complaints(root, temp, string(out))
	if len(found) == 0 {
		return nil, fmt.Errorf("go vet of what the pages of module %s show: %w\n%s", module, err, out)
	}
	return append(problems, found...), nil
}

// guestModule makes a module that asks for another one in a folder, for all that this asks for, and
// has its replacements.
func guestModule(temp, dir string) error {
	path, err := modulePath(dir)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if err != nil {
		return err
	}
	guest := regexp.MustCompile(`(?m)^module .*$`).ReplaceAllLiteralString(string(text), "module snippets")
	guest = regexp.MustCompile(`=> (\.\S*)`).ReplaceAllStringFunc(guest, func(match string) string {
		return "=> " + strconv.Quote(filepath.Join(dir, strings.TrimPrefix(match, "=> ")))
	})
	guest += fmt.Sprintf("\nrequire %s v0.0.0-00010101000000-000000000000\n\nreplace %s => %q\n", path, path, dir)
	if err := os.WriteFile(filepath.Join(temp, "go.mod"), []byte(guest), 0o600); err != nil {
		return err
	}
	sums, err := os.ReadFile(filepath.Join(dir, "go.sum"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it asks for nothing
	} else if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(temp, "go.sum"), sums, 0o600)
}

// code is a snippet as a file.
func (s snippet) code(root string) (string, *problem) {
	page := filepath.Join(root, filepath.FromSlash(s.page.file))
	at := func(line int) string { return fmt.Sprintf("//line %s:%d\n", page, line) }
	fset := token.NewFileSet()
	if file, err := parser.ParseFile(fset, "", s.text, parser.PackageClauseOnly); err == nil && file.Name != nil {
		return at(s.line) + s.text, nil // a whole file
	}
	head := "package snippet\n\nimport \"context\"\n\nvar _ context.Context\n\n"
	if s.head != "" {
		imports, rest := splitImports(s.head)
		head = "package snippet\n\nimport \"context\"\n" + at(s.above.line+1) + imports + "\n" + at(s.above.line+1+strings.Count(imports, "\n")) + rest + "\nvar _ context.Context\n"
	}
	if _, err := parser.ParseFile(fset, "", "package x\n"+s.text, parser.SkipObjectResolution); err == nil {
		return head + at(s.line) + s.text, nil // declarations
	}
	used, err := declared(s.text)
	if err != nil {
		return "", &problem{s.page.file, s.line, "it can't be read: " + err.Error()}
	}
	return head + "func _(ctx context.Context) error {\n" + at(s.line) + s.text + used + "\nreturn nil\n}\n", nil
}

// splitImports parts the lines of imports, which come first, from the others.
func splitImports(head string) (imports, rest string) {
	lines := strings.SplitAfter(head, "\n")
	end, open := 0, false
	for i, line := range lines {
		text := strings.TrimSpace(line)
		switch {
		case open:
			open = text != ")"
			end = i + 1
		case strings.HasPrefix(text, "import"):
			open = strings.HasSuffix(text, "(")
			end = i + 1
		}
	}
	return strings.Join(lines[:end], ""), strings.Join(lines[end:], "")
}

// declared uses what the body of a function declares, since a fragment may end before it does.
func declared(body string) (string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", "package x; func _() {"+body+"\n}", parser.SkipObjectResolution)
	if err != nil {
		return "", err
	}
	var names []string
	for _, statement := range file.Decls[0].(*ast.FuncDecl).Body.List {
		switch statement := statement.(type) {
		case *ast.AssignStmt:
			if statement.Tok != token.DEFINE {
				continue
			}
			for _, expression := range statement.Lhs {
				names = append(names, expression.(*ast.Ident).Name)
			}
		case *ast.DeclStmt:
			for _, spec := range statement.Decl.(*ast.GenDecl).Specs {
				if value, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range value.Names {
						names = append(names, name.Name)
					}
				}
			}
		}
	}
	var b strings.Builder
	for _, name := range names {
		if name != "_" {
			b.WriteString("\n_ = " + name)
		}
	}
	return b.String(), nil
}

// complaints are the lines of go vet that have a place.
func complaints(root, dir, out string) []problem {
	var problems []problem
	for line := range strings.Lines(out) {
		match := regexp.MustCompile(`^(?:vet: )?(.+\.md):(\d+)(?::\d+)?: (.*)$`).FindStringSubmatch(strings.TrimSpace(line))
		if match == nil {
			continue
		}
		file := match[1]
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		if within, err := filepath.Rel(root, file); err == nil {
			file = filepath.ToSlash(within)
		}
		number, err := strconv.Atoi(match[2])
		if err != nil {
			continue
		}
		text := match[3]
		if strings.HasPrefix(text, "undefined: ") {
			text += "; what a snippet needs besides is declared in a comment above it: <!-- snippet … -->"
		}
		problems = append(problems, problem{file, number, text})
	}
	return problems
}
