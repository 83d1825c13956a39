package backfill

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// publish gives a file another name, unless there is one of that name. A link, unlike a rename, is
// refused then even if somebody makes it at the same moment; some file systems have none.
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

// settle has a file, and its name, on the disk.
func settle(path string) error {
	for _, each := range []string{path, filepath.Dir(path)} {
		if err := syncFile(each); err != nil {
			return fmt.Errorf("write archive: %w", err)
		}
	}
	return nil
}

// makeFolder makes a folder with those around it, and has their names on the disk.
func makeFolder(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	around := filepath.Dir(path)
	if around != path {
		if err := makeFolder(around); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o750); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return syncFile(around)
}

func syncFile(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(file.Sync(), file.Close())
}
