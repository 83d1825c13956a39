package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// reader compiles snapshots. Those import each other's, so that all is of the same time, and what is
// not theirs from what is there now.
type reader struct {
	fset         *token.FileSet
	files        map[string]*ast.File // by import path
	done         map[string]*types.Package
	dependencies map[string]*types.Package
}

// read returns the packages of snapshots by their files' names.
func read(texts snapshots, dependencies map[string]*types.Package) (map[string]*types.Package, error) {
	r := &reader{fset: token.NewFileSet(), files: map[string]*ast.File{}, done: map[string]*types.Package{}, dependencies: dependencies}
	paths := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		file, err := parser.ParseFile(r.fset, folder+"/"+name, texts[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		path, err := importPath(file)
		if err != nil {
			return nil, fmt.Errorf("%s/%s: %w", folder, name, err)
		}
		paths[name], r.files[path] = path, file
	}
	packages := map[string]*types.Package{}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		pkg, err := r.Import(paths[name])
		if err != nil {
			return nil, err
		}
		packages[name] = pkg
	}
	return packages, nil
}

// importPath is what stands behind the name of the package.
func importPath(file *ast.File) (string, error) {
	for _, group := range file.Comments {
		if quoted, found := strings.CutPrefix(strings.TrimSpace(group.Text()), "import "); found && group.Pos() > file.Name.Pos() {
			return strconv.Unquote(quoted)
		}
	}
	return "", fmt.Errorf(`the line of the package has no comment such as: // import "path"`)
}

// Import implements [types.Importer].
func (r *reader) Import(path string) (*types.Package, error) {
	if pkg := r.done[path]; pkg != nil {
		return pkg, nil
	}
	file := r.files[path]
	if file == nil {
		if pkg := r.dependencies[path]; pkg != nil {
			return pkg, nil
		}
		if path == "unsafe" {
			return types.Unsafe, nil
		}
		return nil, fmt.Errorf("%s is not used any more, so what was made with it can't be compared", path)
	}
	for _, declaration := range file.Decls { // a generic function has to have a body
		if function, ok := declaration.(*ast.FuncDecl); ok {
			function.Body = &ast.BlockStmt{}
		}
	}
	config := types.Config{Importer: r, IgnoreFuncBodies: true}
	pkg, err := config.Check(path, r.fset, []*ast.File{file}, nil)
	if err != nil {
		return nil, err
	}
	r.done[path] = pkg
	return pkg, nil
}
