package main

import (
	"fmt"
	"go/ast"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// index has the names of the code that pages may mention.
type index struct {
	tests    map[string]bool            // functions such as TestX
	packages map[string]map[string]bool // by the package's name: X, and X.Y for a field or method of X
	open     map[string]bool            // types as pkg.X that have members of others, which nobody looks up
	aliases  map[string]string          // other names of types, as pkg.X, and whose they are
}

// readIndex reads the names in the library, in its adapters and in what its tests are made with, and the
// tests of everything.
func readIndex(root string) (*index, error) {
	all := &index{tests: map[string]bool{}, packages: map[string]map[string]bool{}, open: map[string]bool{}, aliases: map[string]string{}}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); name == "testdata" || name == "vendor" || strings.HasPrefix(name, ".") && path != root {
			return filepath.SkipDir
		}
		l, err := readLibrary(root, path)
		if err != nil {
			return err
		}
		for _, file := range l.tests {
			for _, declaration := range file.Decls {
				if function, ok := declaration.(*ast.FuncDecl); ok && function.Recv == nil {
					all.tests[function.Name.Name] = true
				}
			}
		}
		within, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if top, _, _ := strings.Cut(filepath.ToSlash(within), "/"); top == "pkg" || top == "adapters" || top == "test" {
			all.add(l)
		}
		return nil
	})
	return all, err
}

func (i *index) add(l *library) {
	for _, file := range l.files {
		name := file.Name.Name
		if i.packages[name] == nil {
			i.packages[name] = map[string]bool{}
		}
		names := i.packages[name]
		for _, declaration := range file.Decls {
			switch declaration := declaration.(type) {
			case *ast.FuncDecl:
				if declaration.Recv == nil {
					names[declaration.Name.Name] = true
				} else {
					names[receiver(declaration)+"."+declaration.Name.Name] = true
				}
			case *ast.GenDecl:
				for _, spec := range declaration.Specs {
					switch spec := spec.(type) {
					case *ast.ValueSpec:
						for _, value := range spec.Names {
							names[value.Name] = true
						}
					case *ast.TypeSpec:
						names[spec.Name.Name] = true
						i.members(name, spec, names)
					}
				}
			}
		}
	}
}

func (i *index) members(pkg string, spec *ast.TypeSpec, names map[string]bool) {
	full := pkg + "." + spec.Name.Name
	var members *ast.FieldList
	switch t := spec.Type.(type) {
	case *ast.StructType:
		members = t.Fields
	case *ast.InterfaceType:
		members = t.Methods
	case *ast.SelectorExpr:
		if of, ok := t.X.(*ast.Ident); ok && spec.Assign.IsValid() {
			i.aliases[full] = of.Name + "." + t.Sel.Name
		}
		return
	default:
		i.open[full] = spec.Assign.IsValid()
		return
	}
	for _, member := range members.List {
		if len(member.Names) == 0 {
			i.open[full] = true
		}
		for _, name := range member.Names {
			names[spec.Name.Name+"."+name.Name] = true
		}
	}
}

// checkMentions looks up tests, names of a package, such as workflow.ErrConflict, and members of a type,
// such as Options.RetryFor, where a page has them as code. The changelog tells of what is gone, too.
func checkMentions(root string, pages []*page, names *index) []problem {
	var problems []problem
	for _, p := range pages {
		for _, s := range p.spans {
			if text := names.unknown(s.text); text != "" && p.file != "CHANGELOG.md" {
				problems = append(problems, problem{p.file, s.line, text})
			}
		}
		for _, l := range p.links {
			if text := testIn(root, p, l); text != "" {
				problems = append(problems, problem{p.file, l.line, text})
			}
		}
	}
	return problems
}

func (i *index) unknown(code string) string {
	code = strings.TrimLeft(strings.TrimSuffix(code, "()"), "*&")
	if regexp.MustCompile(`^(Test|Fuzz|Benchmark)[A-Z]\w*$`).MatchString(code) && !i.tests[code] {
		return fmt.Sprintf("there is no test %s", code)
	}
	match := regexp.MustCompile(`^(?:([a-z]\w*)\.)?([A-Z]\w*)(?:\.([A-Z]\w*))?$`).FindStringSubmatch(code)
	if match == nil {
		return ""
	}
	pkg, name, member := match[1], match[2], match[3]
	if pkg != "" {
		if i.packages[pkg] != nil && !i.has(pkg, name, member) {
			return fmt.Sprintf("package %s has no %s", pkg, strings.TrimPrefix(code, pkg+"."))
		}
		return ""
	}
	if member == "" {
		return ""
	}
	known := false
	for pkg, names := range i.packages {
		if i.has(pkg, name, member) {
			return ""
		}
		known = known || names[name]
	}
	if known {
		return fmt.Sprintf("no %s has a %s", name, member)
	}
	return ""
}

// has reports whether a package has a name, and that a member, if one is given.
func (i *index) has(pkg, name, member string) bool {
	names, full := i.packages[pkg], pkg+"."+name
	if !names[name] || member == "" || i.open[full] {
		return names[name]
	}
	if names[name+"."+member] {
		return true
	}
	of, to, found := strings.Cut(i.aliases[full], ".")
	return found && (i.packages[of] == nil || i.has(of, to, member))
}

// testIn is about a link from the name of a test to a file: it has to be that one.
func testIn(root string, p *page, l link) string {
	if !regexp.MustCompile(`^(Test|Fuzz|Benchmark|Example)\w*$`).MatchString(l.code) || !strings.HasSuffix(l.target, ".go") {
		return ""
	}
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(p.file), "..", filepath.FromSlash(l.target)))
	if err != nil || strings.Contains(string(text), "\nfunc "+l.code+"(") {
		return "" // a file that isn't there is the link's problem
	}
	return fmt.Sprintf("link %q: there is no %s in it", l.target, l.code)
}
