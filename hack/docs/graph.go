package main

import (
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// graph says what imports what in the repository. A box is a package of the root module, or a module
// of its own as a whole.
type graph struct {
	boxes  map[string]string          // the module's folder, by that of the box
	arrows map[string]map[string]bool // whether it is for more than tests
}

// readGraph reads the imports of every package, by the rules of this system and without a network.
// What imports nothing of the repository, and isn't imported, is left out; so is hack, which measures
// and checks the rest and is imported by none of it.
func readGraph(root string) (*graph, error) {
	modulePath, err := modulePath(root)
	if err != nil {
		return nil, err
	}
	g := &graph{boxes: map[string]string{}, arrows: map[string]map[string]bool{}}
	err = filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if name := entry.Name(); name == "testdata" || file == filepath.Join(root, "hack") || name == "vendor" || strings.HasPrefix(name, ".") && file != root {
			return filepath.SkipDir
		}
		within, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		return g.add(root, modulePath, filepath.ToSlash(within))
	})
	return g, err
}

func (g *graph) add(root, modulePath, dir string) error {
	pkg, err := build.Default.ImportDir(filepath.Join(root, dir), 0)
	if none := (*build.NoGoError)(nil); errors.As(err, &none) {
		return nil
	} else if err != nil {
		return err
	}
	from := g.box(root, dir)
	for _, kind := range []struct {
		imports []string
		use     bool
	}{{pkg.Imports, true}, {pkg.TestImports, false}, {pkg.XTestImports, false}} {
		for _, imported := range kind.imports {
			within, found := strings.CutPrefix(imported, modulePath+"/")
			if !found {
				continue
			}
			to := g.box(root, within)
			if to == from {
				continue
			}
			g.boxes[from], g.boxes[to] = moduleOf(root, from), moduleOf(root, to)
			if g.arrows[from] == nil {
				g.arrows[from] = map[string]bool{}
			}
			g.arrows[from][to] = g.arrows[from][to] || kind.use
		}
	}
	return nil
}

// box is the module of a folder, or in the root module its package.
func (g *graph) box(root, dir string) string {
	if module := moduleOf(root, dir); module != "." {
		return module
	}
	return dir
}

// mermaid draws the library at the bottom of a picture in which everything stands on what it imports.
func (g *graph) mermaid() string {
	var b strings.Builder
	b.WriteString("```mermaid\nflowchart TD\n")
	groups := map[string][]string{}
	for box, module := range g.boxes {
		top, _, _ := strings.Cut(box, "/")
		title := top + ": packages of the root module"
		if module != "." {
			title = top + ": modules of their own"
		}
		groups[title] = append(groups[title], box)
	}
	for number, title := range slices.Sorted(maps.Keys(groups)) {
		fmt.Fprintf(&b, "    subgraph group%d[%q]\n", number, title)
		for _, box := range slices.Sorted(slices.Values(groups[title])) {
			fmt.Fprintf(&b, "        %s[%q]\n", node(box), box)
		}
		b.WriteString("    end\n")
	}
	for _, from := range slices.Sorted(maps.Keys(g.arrows)) {
		for _, to := range slices.Sorted(maps.Keys(g.arrows[from])) {
			arrow := "-.->" // for its tests alone
			if g.arrows[from][to] {
				arrow = "-->"
			}
			fmt.Fprintf(&b, "    %s %s %s\n", node(from), arrow, node(to))
		}
	}
	b.WriteString("```\n")
	return b.String()
}

func node(box string) string { return strings.NewReplacer("/", "_", "-", "_").Replace(box) }

func modulePath(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(text)) {
		if name, found := strings.CutPrefix(line, "module "); found {
			return strings.TrimSpace(name), nil
		}
	}
	return "", errors.New("go.mod names no module")
}
