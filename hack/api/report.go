package main

import (
	"fmt"
	"go/types"
	"io"
	"maps"
	"slices"

	"golang.org/x/exp/apidiff"
)

// report says what has changed from snapshots to now, package by package: first what can keep a
// program that uses the library from compiling.
func report(out io.Writer, beside string, before snapshots, now *api) error {
	old, err := read(before, now.dependencies)
	if err != nil {
		return fmt.Errorf("the API %s can't be compared: %w", beside, err)
	}
	names := slices.Sorted(maps.Keys(old))
	for name := range now.packages {
		if old[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		breaking, compatible := changes(old[name], now.packages[name])
		for _, change := range breaking {
			fmt.Fprintf(out, "%s: BREAKING beside the one %s: %s\n", title(old[name], now.packages[name]), beside, change)
		}
		for _, change := range compatible {
			fmt.Fprintf(out, "%s: compatible with the one %s: %s\n", title(old[name], now.packages[name]), beside, change)
		}
	}
	return nil
}

func title(either ...*types.Package) string {
	for _, pkg := range either {
		if pkg != nil {
			return pkg.Path()
		}
	}
	return ""
}

// changes are those from old to now; nil: there is no such package.
func changes(old, now *types.Package) (breaking, compatible []string) {
	switch {
	case old == nil:
		return nil, []string{"package added"}
	case now == nil:
		return []string{"package removed"}, nil
	}
	for _, change := range apidiff.Changes(old, now).Changes {
		if change.Compatible {
			compatible = append(compatible, change.Message)
		} else {
			breaking = append(breaking, change.Message)
		}
	}
	return breaking, compatible
}
