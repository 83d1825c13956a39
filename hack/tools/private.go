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
	return checkWay(path, maxLinks)
}

func checkWay(path string, links int) error {
	names := strings.Split(strings.TrimPrefix(path, "/"), "/")
	at, entered := "/", true // others can enter it
	for i := 0; ; i++ {
		info, err := os.Lstat(at)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		last := i == len(names)
		if owner := ownerOf(info); owner != 0 && owner != os.Getuid() {
			return fmt.Errorf("%s belongs to another user (%d), who can change the programs in it: %s", at, owner, useAnother)
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Readlink(at)
			if err != nil {
				return err
			}
			if links == 0 {
				return fmt.Errorf("%s leads through too many symbolic links", at)
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(at), target)
			}
			return checkWay(filepath.Join(append([]string{target}, names[i:]...)...), links-1)
		}
		mode := info.Mode()
		sticky := mode&fs.ModeSticky != 0 && mode.IsDir() && !last
		if !sticky && (mode&0o002 != 0 || entered && mode&0o020 != 0) {
			return fmt.Errorf("others can write to %s (mode %04o), and so change the programs in it: if you trust what is there, run `chmod go-w %s`; else delete it, or %s",
				at, mode.Perm(), at, useAnother)
		}
		if last {
			return nil
		}
		entered = entered && mode&0o011 != 0 // a member of the next folder's group can be one of the others here
		at = filepath.Join(at, names[i])
	}
}

const useAnother = "set ARGOSERVICE_CACHE to a folder that only you can write"

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}
