package main

import (
	"go/ast"
	"strings"
)

// withoutExample finds what no example shows. Interfaces are those whose methods are verbs: the one
// that a package's services depend on has all of them.
func (l *library) withoutExample() []problem {
	shown, any := map[string]bool{}, false
	for _, file := range l.tests {
		for _, declaration := range file.Decls {
			function, ok := declaration.(*ast.FuncDecl)
			if !ok || function.Recv != nil || !strings.HasPrefix(function.Name.Name, "Example") {
				continue
			}
			any = true
			ast.Inspect(function, func(node ast.Node) bool {
				if call, ok := node.(*ast.CallExpr); ok {
					if method, ok := call.Fun.(*ast.SelectorExpr); ok {
						shown[method.Sel.Name] = true
					}
				}
				return true
			})
		}
	}
	var problems []problem
	if !any {
		problems = append(problems, l.problem(l.files[0].Name.Pos(), "package %s has no example", l.files[0].Name.Name))
	}
	for _, name := range []string{"Interface", "Backfill"} { // of workflow and of backfill
		for _, method := range l.methods(name) {
			if !shown[method.Name] {
				problems = append(problems, l.problem(method.Pos(), "no example calls %s", method.Name))
			}
		}
	}
	return problems
}

// methods are those of an interface with those that it is made of.
func (l *library) methods(name string) []*ast.Ident {
	var methods []*ast.Ident
	for _, file := range l.files {
		for _, declaration := range file.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if !ok || spec.Name.Name != name {
					continue
				}
				if t, ok := spec.Type.(*ast.InterfaceType); ok {
					for _, member := range t.Methods.List {
						methods = append(methods, member.Names...)
						if embedded, ok := member.Type.(*ast.Ident); ok {
							methods = append(methods, l.methods(embedded.Name)...)
						}
					}
				}
			}
		}
	}
	return methods
}
