package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder is where the snapshots are.
const folder = "docs/api"

// snapshots are the texts by the name of their file.
type snapshots map[string]string

// fileName is the file of a package, by its folder in the repository.
func fileName(dir string) string { return strings.ReplaceAll(dir, "/", "-") + ".txt" }

func readFolder(root string) (snapshots, error) {
	texts := snapshots{}
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if errors.Is(err, fs.ErrNotExist) {
		return texts, nil
	}
	if err != nil {
		return nil, err
	}
	for _, entry := range entries {
		if filepath.Ext(entry.Name()) != ".txt" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, folder, entry.Name()))
		if err != nil {
			return nil, err
		}
		texts[entry.Name()] = string(text)
	}
	return texts, nil
}

// differences names the files that are not what they should be.
func (a *api) differences(before snapshots) []string {
	var names []string
	for name, text := range a.texts {
		if before[name] != text {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, found := a.texts[name]; !found {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (a *api) writeFolder(root string, before snapshots) error {
	if err := os.MkdirAll(filepath.Join(root, folder), 0o755); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(a.texts)) {
		if err := os.WriteFile(filepath.Join(root, folder, name), []byte(a.texts[name]), 0o644); err != nil {
			return err
		}
	}
	for name := range before {
		if _, found := a.texts[name]; !found {
			if err := os.Remove(filepath.Join(root, folder, name)); err != nil {
				return fmt.Errorf("a package is gone: %w", err)
			}
		}
	}
	return nil
}
