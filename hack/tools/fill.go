package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// fill gives dir the files names, all of them executable. get is called, with those
// that are missing and a temporary folder, while no other run fills the same
// folder; it says in which folder it has put them. Their checksums are recorded in
// dir, and then they move there by rename, so a name in dir is always a whole program
// with its checksum, however the run ends.
func (in *installer) fill(ctx context.Context, dir string, names []string,
	get func(ctx context.Context, tmp string, missing []string) (string, error)) (err error) {
	if err := in.adopt(ctx, dir, names); err != nil {
		return err
	}
	missing, err := in.lacking(dir, names)
	if err != nil || len(missing) == 0 {
		return err
	}
	tmpRoot := filepath.Join(in.cache, "tmp")
	if err := os.MkdirAll(tmpRoot, 0o755); err != nil {
		return fmt.Errorf("the cache cannot be written, set ARGOSERVICE_CACHE to a folder that can: %w", err)
	}
	if err := checkPrivate(tmpRoot); err != nil { // another user may have been quicker to make it
		return err
	}
	base := filepath.Base(dir)
	unlock, err := in.lock(ctx, base)
	if err != nil {
		return err
	}
	defer unlock()
	if missing, err = in.lacking(dir, names); err != nil || len(missing) == 0 {
		return err
	}
	in.sweep(base)
	tmp, err := os.MkdirTemp(tmpRoot, base+".*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(tmp)) }()

	from, err := get(ctx, tmp, missing)
	if err != nil {
		return err
	}
	if left := missingIn(from, missing); len(left) > 0 {
		return fmt.Errorf("%s missing from what was made: look at the tool block of the module's go.mod", strings.Join(left, ", "))
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := in.record(dir, from, missing); err != nil {
		return err
	}
	for _, name := range missing {
		file := filepath.Join(from, name)
		if err := os.Chmod(file, 0o755); err != nil { // whatever the user's umask is
			return err
		}
		if err := os.Rename(file, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// missingIn lists the names that are no executable file in dir.
func missingIn(dir string, names []string) []string {
	var missing []string
	for _, name := range names {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			missing = append(missing, name)
		}
	}
	return missing
}

// sweep removes the temporary folders of runs that were killed: those of base,
// whose lock the caller holds, and those of any other folder that nobody has
// locked. What it cannot remove costs space and nothing else, so it goes on.
func (in *installer) sweep(base string) {
	tmpRoot := filepath.Join(in.cache, "tmp")
	entries, err := os.ReadDir(tmpRoot)
	if err != nil {
		return
	}
	for _, e := range entries {
		owner, _, _ := strings.Cut(e.Name(), ".")
		if owner != base {
			unlock, ok, err := tryLock(in.lockFile(owner))
			if err != nil || !ok {
				continue
			}
			defer unlock()
		}
		_ = removeAll(filepath.Join(tmpRoot, e.Name()))
	}
}

// removeAll removes dir even where folders in it are read-only.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(dir))
}
