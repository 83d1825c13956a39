package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder makes one in a folder that everybody can enter, as /tmp is, and returns it.
func folder(t *testing.T, name string) string {
	t.Helper()
	// Not T.TempDir, which can be where only this user can enter.
	top, err := os.MkdirTemp("", "cache-")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(top) })
	must(t, os.Chmod(top, 0o755))
	dir := filepath.Join(top, name)
	must(t, os.Mkdir(dir, 0o755))
	return dir
}

func TestWhoCanWriteToTheCache(t *testing.T) {
	const others, sticky = "others can write", os.ModeSticky
	for name, tc := range map[string]struct {
		top, cache os.FileMode // 0o755 by default
		owner      int         // of the cache, if not this user
		link       string      // target of the link in top
		path       string      // in top, to be checked; "cache" by default
		wrong      string      // "": nothing is
	}{
		"its owner":                    {},
		"nobody, since it isn't there": {path: "cache/new/er"},
		"everybody":                    {cache: 0o777, wrong: others},
		"everybody, and can't touch what others have there": {cache: 0o777 | sticky, wrong: others},
		"a group":                       {cache: 0o775, wrong: others},
		"a group that can't come to it": {top: 0o700, cache: 0o775},
		"a group, whose members are others in the folder above": {top: 0o701, cache: 0o775, wrong: others},
		"whoever may write to the folder above":                 {top: 0o777, wrong: others},

		"whoever may write to the folder above, where nobody can touch what isn't his": {top: 0o777 | sticky},

		"whoever may write to where a link leads":       {cache: 0o777, link: "cache", path: "link", wrong: others},
		"nobody, by a link":                             {link: "TOP/cache", path: "link"},
		"whoever may write to where a link above leads": {cache: 0o777, link: "TOP/cache", path: "link/sub", wrong: others},
		"links in a circle":                             {link: "link", path: "link", wrong: "too many symbolic links"},
		"its owner, who is another user":                {owner: 65534, wrong: "belongs to another user (65534)"},
	} {
		t.Run(name, func(t *testing.T) {
			cache := folder(t, "cache")
			top := filepath.Dir(cache)
			if tc.cache == 0o775 && tc.wrong != "" {
				skipUnlessOpen(t, top)
			}
			must(t, os.Chmod(cache, cmp.Or(tc.cache, 0o755)))
			must(t, os.Chmod(top, cmp.Or(tc.top, 0o755)))
			if tc.link != "" {
				must(t, os.Symlink(strings.Replace(tc.link, "TOP", top, 1), filepath.Join(top, "link")))
			}
			if tc.owner != 0 && os.Chown(cache, tc.owner, -1) != nil {
				skip(t, "a cache of another user", "only root can give a folder away")
			}
			err := checkPrivate(filepath.Join(top, cmp.Or(tc.path, "cache")))
			if (err == nil) != (tc.wrong == "") || !strings.Contains(fmt.Sprint(err), tc.wrong) {
				t.Errorf("%v, want %q", err, tc.wrong)
			}
		})
	}
}

// skipUnlessOpen skips a test where no other user can enter a folder.
func skipUnlessOpen(t *testing.T, dir string) {
	t.Helper()
	for at := dir; at != filepath.Dir(at); at = filepath.Dir(at) {
		if info, err := os.Stat(at); err != nil || info.Mode()&0o011 == 0 {
			skip(t, "what a group can write", "no other user can enter "+at)
		}
	}
}

// No command uses, or fills, a cache that others can write to, and the error says what to do.
func TestACacheThatOthersCanWriteIsRefused(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install")
	kwok := c.path(t, "kwok")
	for _, open := range []string{c.cache, filepath.Dir(kwok), kwok, kwok + ".sha256"} {
		info, err := os.Stat(open)
		must(t, err)
		for _, mode := range []os.FileMode{0o777, 0o777 | os.ModeSticky} {
			must(t, os.Chmod(open, mode))
			for _, args := range [][]string{{"install"}, {"env"}, {"exec", "true"}, {"path", "kwok"}, {"private", open}} {
				c.fails(t, args, "others can write to "+open+" ", "chmod go-w "+open, "ARGOSERVICE_CACHE")
			}
		}
		must(t, os.Chmod(open, info.Mode()))
	}
	c.ok(t, "private", kwok, filepath.Join(c.cache, "new"))
}
