package envtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFindProgram(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", filepath.Join(dir, "path"))
	install := func(elem ...string) string {
		path := filepath.Join(append([]string{dir}, elem...)...)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pattern := filepath.Join(dir, "*", "bin")
	if _, err := findProgram("postgres", pattern); err == nil || !strings.Contains(err.Error(), "postgres is neither in the PATH nor in "+pattern) {
		t.Errorf("%v", err)
	}
	install("14", "bin", "postgres")
	newer := install("15", "bin", "postgres")
	if path, err := findProgram("postgres", pattern); err != nil || path != newer {
		t.Errorf("%s, %v", path, err)
	}
	own := install("path", "postgres")
	if path, err := findProgram("postgres", pattern); err != nil || path != own {
		t.Errorf("%s, %v", path, err)
	}
}

func TestDatabasesThatThereAreNot(t *testing.T) {
	if why := DatabaseLacks("oracle"); !strings.Contains(why, `"oracle"`) || !strings.Contains(why, "postgresql or mariadb") {
		t.Error(why)
	}
}
