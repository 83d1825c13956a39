package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sumsFile holds the checksums of the programs in a folder of the cache, as sha256sum writes them. A
// program without one, or with another one, isn't used.
const sumsFile = "SHA256SUMS"

// lacking lists the names that are not a program in a folder of the cache, or not the one that was
// put there. It is an error if others can write to the folder.
func (in *installer) lacking(dir string, names []string) ([]string, error) {
	for _, path := range []string{in.cache, dir} { // on the way to dir, the cache might be sticky
		if err := checkPrivate(path); err != nil {
			return nil, err
		}
	}
	sums, err := readSums(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	lacking := missingIn(dir, names)
	for _, name := range names {
		if slices.Contains(lacking, name) {
			continue
		}
		file := filepath.Join(dir, name)
		if err := checkPrivate(file); err != nil {
			return nil, err
		}
		sum, err := sumOf(file)
		if err != nil {
			return nil, err
		}
		if sum == sums[name] {
			continue
		}
		if sums[name] != "" {
			in.report.say("%s is not the program that was put there: its checksum is not that in %s", file, sumsFile)
		}
		lacking = append(lacking, name)
	}
	return lacking, nil
}

// adopt records the checksums of programs that are there without any, from before there were
// checksums. That is no worse than to have recorded them then: nobody but this user can write to
// the folder, and who can write to it can write the checksums too.
func (in *installer) adopt(ctx context.Context, dir string, names []string) error {
	if !in.unrecorded(dir, names) {
		return nil
	}
	if err := checkPrivate(dir); err != nil {
		return err
	}
	unlock, err := in.lock(ctx, filepath.Base(dir))
	if err != nil {
		return err
	}
	defer unlock()
	if !in.unrecorded(dir, names) { // another run was quicker
		return nil
	}
	in.report.say("recording the checksums of what is in %s, which has none yet", dir)
	there := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return len(missingIn(dir, []string{name})) > 0 })
	return in.record(dir, dir, there)
}

// unrecorded reports whether a folder has programs, and no checksums at all.
func (in *installer) unrecorded(dir string, names []string) bool {
	_, err := os.Lstat(filepath.Join(dir, sumsFile))
	return errors.Is(err, fs.ErrNotExist) && len(missingIn(dir, names)) < len(names)
}

// record adds the checksums of programs, which are in the folder from, to those of dir.
func (in *installer) record(dir, from string, names []string) error {
	sums, err := readSums(dir)
	if errors.Is(err, fs.ErrNotExist) {
		sums, err = map[string]string{}, nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		if sums[name], err = sumOf(filepath.Join(from, name)); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		_, _ = fmt.Fprintf(&text, "%s  %s\n", sums[name], name)
	}
	tmp := filepath.Join(dir, sumsFile+".new") // the caller has the folder's lock
	if err := os.WriteFile(tmp, text.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, sumsFile))
}

// readSums reads the checksums of a folder.
func readSums(dir string) (map[string]string, error) {
	file := filepath.Join(dir, sumsFile)
	if err := checkPrivate(file); err != nil {
		return nil, err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			return nil, fmt.Errorf("%s has a line that is not a checksum and a name: delete %s", file, dir)
		}
		sums[name] = sum
	}
	return sums, nil
}

func sumOf(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}
