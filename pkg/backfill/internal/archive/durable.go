package archive

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// publish gives a file another name, unless a file of that name exists. A link, unlike a rename, is
// refused then even if another process creates the name at the same moment. On a file system
// without links publish renames.
func publish(file, name string) error {
	err := os.Link(file, name)
	if !errors.Is(err, syscall.EPERM) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	if _, err := os.Lstat(name); err == nil {
		return os.ErrExist
	}
	return os.Rename(file, name)
}

// syncWithFolder syncs a file, and the folder that holds its name.
func syncWithFolder(path string) error {
	for _, each := range []string{path, filepath.Dir(path)} {
		if err := syncFile(each); err != nil {
			return fmt.Errorf("write archive: %w", err)
		}
	}
	return nil
}

// makeFolder creates a folder and its parents, and syncs their names.
func makeFolder(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o750); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncFile(parent)
}

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
