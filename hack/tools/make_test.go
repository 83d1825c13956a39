package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// runMake runs the checkout's Makefile with another cache, as a user whose files a group can write, and
// returns what it says.
func runMake(t *testing.T, cache string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("make"); err != nil {
		t.Skip("there is no make")
	}
	args = append([]string{"-c", `umask 002; exec make --no-print-directory "$@"`, "sh"}, args...)
	cmd := exec.CommandContext(t.Context(), "sh", args...)
	cmd.Dir = filepath.Join("..", "..")
	// Not what the make that runs this test has said of itself.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS=")
	})
	cmd.Env = append(cmd.Env, "ARGOSERVICE_CACHE="+cache)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The program that looks at the cache isn't run from there before that.
func TestMakeBuildsNothingWhereOthersCanWrite(t *testing.T) {
	cache := folder(t, "its cache")
	chmod(t, cache, 0o777)
	says, err := runMake(t, cache, "installer")
	if err == nil || !strings.Contains(says, "others can write to "+cache+" ") {
		t.Errorf("%v: %s", err, says)
	}
	if built, err := filepath.Glob(filepath.Join(cache, "run-*", "tools")); err != nil || len(built) > 0 {
		t.Errorf("%v, %v", built, err)
	}
}

// A cache with a space in its path, which is relative, is the same for make and for the programs that
// it runs in other folders. What is built there is for its owner alone to write.
func TestMakeWithARelativeCache(t *testing.T) {
	cache := folder(t, "its cache")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	relative, err := filepath.Rel(root, cache)
	if err != nil {
		t.Fatal(err)
	}
	rules := filepath.Join(t.TempDir(), "rules.mk")
	write(t, rules, "include Makefile\nwhere: installer\n\t@chmod 777 \"$(CACHE)\"; cd hack && \"$(TOOLS)\" path lint\n")
	says, err := runMake(t, relative, "-f", rules, "where")
	if err == nil || !strings.Contains(says, "others can write to "+cache+" ") {
		t.Errorf("it looks elsewhere: %v: %s", err, says)
	}
	built, err := filepath.Glob(filepath.Join(cache, "run-*", "tools"))
	if err != nil || len(built) != 1 {
		t.Fatalf("%v, %v", built, err)
	}
	if info, err := os.Stat(built[0]); err != nil || info.Mode()&0o022 != 0 {
		t.Errorf("%v, %v", info, err)
	}
}
