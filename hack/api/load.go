package main

import (
	"context"
	"errors"
	"fmt"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// api is what the public packages export now.
type api struct {
	packages map[string]*types.Package // by their file in docs/api
	texts    snapshots
	// dependencies are all packages that these are made with, by path.
	dependencies map[string]*types.Package
}

// load compiles the public packages: those under pkg, and those of each module under adapters.
func load(ctx context.Context, root string) (*api, error) {
	modules, err := filepath.Glob(filepath.Join(root, "adapters", "*", "go.mod"))
	if err != nil {
		return nil, err
	}
	now := &api{packages: map[string]*types.Package{}, texts: snapshots{}, dependencies: map[string]*types.Package{}}
	if err := now.loadModule(ctx, root, ".", "./pkg/..."); err != nil {
		return nil, err
	}
	for _, file := range modules {
		dir, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil {
			return nil, err
		}
		if err := now.loadModule(ctx, root, filepath.ToSlash(dir), "./..."); err != nil {
			return nil, err
		}
	}
	return now, nil
}

func (a *api) loadModule(ctx context.Context, root, dir, pattern string) error {
	loaded, err := packages.Load(&packages.Config{
		Mode:    packages.NeedName | packages.NeedModule | packages.NeedImports | packages.NeedDeps | packages.NeedTypes,
		Context: ctx,
		Dir:     filepath.Join(root, dir),
	}, pattern)
	if err != nil {
		return fmt.Errorf("load %s in %s: %w", pattern, dir, err)
	}
	var problems []error
	packages.Visit(loaded, nil, func(p *packages.Package) {
		for _, problem := range p.Errors {
			problems = append(problems, problem)
		}
		if a.dependencies[p.PkgPath] == nil {
			a.dependencies[p.PkgPath] = p.Types
		}
	})
	if err := errors.Join(problems...); err != nil {
		return err
	}
	for _, p := range loaded {
		if p.Name == "main" || slices.Contains(strings.Split(p.PkgPath, "/"), "internal") {
			continue
		}
		within := strings.TrimPrefix(strings.TrimPrefix(p.PkgPath, p.Module.Path), "/")
		name := fileName(filepath.ToSlash(filepath.Join(dir, within)))
		a.packages[name] = p.Types
		a.texts[name] = write(p.Types)
	}
	return nil
}
