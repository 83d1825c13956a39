// Command tools fails if another user can change one of the paths that are its arguments, or put
// something else in its place. The script tools runs it before it uses the cache.
package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	for _, path := range os.Args[1:] {
		if err := checkPrivate(path); err != nil {
			fmt.Fprintln(os.Stderr, "tools:", err)
			os.Exit(1)
		}
	}
}

// maxLinks is how many symbolic links a path may lead through.
const maxLinks = 40

// checkPrivate returns an error if another user can change what path names, or put something else in
// its place: each folder on the way, also behind a symbolic link, and path itself have to belong to
// this user or root, and not be writable for others. It is no matter that others may write to
//   - a folder on the way that is sticky, as /tmp is, since they can't touch what isn't theirs there;
//   - by their group, what is in a folder that only its owner can enter.
//
// What isn't there yet is private: it is made by this user.
func checkPrivate(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	at, rest, links := "/", path[1:], 0
	entered := true // others can enter at
	for {
		info, err := os.Lstat(at)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if owner := int(info.Sys().(*syscall.Stat_t).Uid); owner != 0 && owner != os.Getuid() {
			return fmt.Errorf("%s belongs to another user (%d), who can change the programs in it: %s", at, owner, useAnother)
		}
		mode := info.Mode()
		if mode&fs.ModeSymlink != 0 {
			target, err := os.Readlink(at)
			if err != nil {
				return err
			}
			if links++; links > maxLinks {
				return fmt.Errorf("%s leads through too many symbolic links", at)
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(at), target)
			}
			at, rest, entered = "/", filepath.Join(target, rest)[1:], true
			continue
		}
		last := rest == ""
		sticky := mode&fs.ModeSticky != 0 && mode.IsDir() && !last
		if !sticky && (mode&0o002 != 0 || entered && mode&0o020 != 0) {
			return fmt.Errorf("others can write to %s (mode %04o), and so change the programs in it: if you trust what is there, run `chmod go-w %s`; else delete it, or %s",
				at, mode.Perm(), at, useAnother)
		}
		if last {
			return nil
		}
		entered = entered && mode&0o011 != 0 // a member of the next folder's group can be one of the others here
		next, behind, _ := strings.Cut(rest, "/")
		at, rest = filepath.Join(at, next), behind
	}
}

const useAnother = "set ARGOSERVICE_CACHE to a folder that only you can write"
