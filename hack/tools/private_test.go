package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// folder makes one in a folder that everybody can enter, as /tmp is, and returns it.
func folder(t *testing.T, name string) string {
	t.Helper()
	// Not T.TempDir, which can be where only this user can enter.
	top, err := os.MkdirTemp("", "cache-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	chmod(t, top, 0o755)
	dir := filepath.Join(top, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

func TestWhoCanWriteToTheCache(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(t *testing.T, top, cache string) string // returns the cache
		wrong  string                                       // "": nothing is
	}{
		"its owner": {func(_ *testing.T, _, cache string) string { return cache }, ""},
		"nobody, since it isn't there": {func(_ *testing.T, _, cache string) string {
			return filepath.Join(cache, "new", "er")
		}, ""},
		"everybody": {func(t *testing.T, _, cache string) string { chmod(t, cache, 0o777); return cache }, "others can write"},
		"everybody, and can't touch what others have there": {func(t *testing.T, _, cache string) string {
			chmod(t, cache, 0o777|os.ModeSticky)
			return cache
		}, "others can write"},
		"a group": {func(t *testing.T, top, cache string) string {
			skipUnlessOpen(t, top)
			chmod(t, cache, 0o775)
			return cache
		}, "others can write"},
		"a group that can't come to it": {func(t *testing.T, top, cache string) string {
			chmod(t, top, 0o700)
			chmod(t, cache, 0o775)
			return cache
		}, ""},
		"a group, whose members are others in the folder above": {func(t *testing.T, top, cache string) string {
			skipUnlessOpen(t, top)
			chmod(t, top, 0o701)
			chmod(t, cache, 0o775)
			return cache
		}, "others can write"},
		"whoever may write to the folder above": {func(t *testing.T, top, cache string) string { chmod(t, top, 0o777); return cache }, "others can write"},
		"whoever may write to the folder above, where nobody can touch what isn't his": {func(t *testing.T, top, cache string) string {
			chmod(t, top, 0o777|os.ModeSticky)
			return cache
		}, ""},
		"whoever may write to where a link leads": {func(t *testing.T, top, cache string) string {
			chmod(t, cache, 0o777)
			return link(t, "cache", filepath.Join(top, "link"))
		}, "others can write"},
		"nobody, by a link": {func(t *testing.T, top, cache string) string {
			return link(t, cache, filepath.Join(top, "link"))
		}, ""},
		"whoever may write to where a link above leads": {func(t *testing.T, top, cache string) string {
			chmod(t, cache, 0o777)
			return filepath.Join(link(t, cache, filepath.Join(top, "link")), "sub")
		}, "others can write"},
		"links in a circle": {func(t *testing.T, top, _ string) string {
			return link(t, "link", filepath.Join(top, "link"))
		}, "too many symbolic links"},
		"its owner, who is another user": {func(t *testing.T, _, cache string) string {
			if err := os.Chown(cache, 65534, -1); err != nil {
				t.Skip("only root can give a folder away")
			}
			return cache
		}, "belongs to another user (65534)"},
	} {
		t.Run(name, func(t *testing.T) {
			cache := folder(t, "cache")
			err := checkPrivate(tc.change(t, filepath.Dir(cache), cache))
			switch {
			case tc.wrong == "" && err != nil:
				t.Error(err)
			case tc.wrong != "" && (err == nil || !strings.Contains(err.Error(), tc.wrong)):
				t.Errorf("%v, want %q", err, tc.wrong)
			}
		})
	}
}

// skipUnlessOpen skips a test where nobody else can enter a folder.
func skipUnlessOpen(t *testing.T, dir string) {
	t.Helper()
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		if info, err := os.Stat(at); err != nil || info.Mode()&0o011 == 0 {
			t.Skipf("nobody else can enter %s", at)
		}
	}
}

func link(t *testing.T, target, name string) string {
	t.Helper()
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
	return name
}

// No command uses, or fills, a cache that others can write to, and the error says what to do.
func TestACacheThatOthersCanWriteIsRefused(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install")
	kwok := strings.TrimSpace(c.ok(t, "path", "kwok"))
	for _, open := range []string{c.cache, filepath.Dir(kwok), kwok, kwok + ".sha256"} {
		info, err := os.Stat(open)
		if err != nil {
			t.Fatal(err)
		}
		for _, mode := range []os.FileMode{0o777, 0o777 | os.ModeSticky} {
			chmod(t, open, mode)
			for _, args := range [][]string{{"install"}, {"env"}, {"exec", "true"}, {"path", "kwok"}, {"private", open}} {
				c.fails(t, args, "others can write to "+open+" ", "chmod go-w "+open, "ARGOSERVICE_CACHE")
			}
		}
		chmod(t, open, info.Mode())
	}
	c.ok(t, "private", kwok, filepath.Join(c.cache, "new"))
}

// Programs are for their owner alone to write, whatever the umask is.
func TestUmask(t *testing.T) {
	c := newCheckout(t)
	cmd := exec.CommandContext(t.Context(), "sh", "-c", `umask 0; exec "$0" install kwok`, filepath.Join(c.root, "tools"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	c.ok(t, "path", "kwok")
}
