package leash

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	// linkDir is the folder of the wrappers inside the work folder. Its name is
	// what Main looks for, so it is one that nobody else uses.
	linkDir = "argoservice-leash"

	// parentLock is held exclusively by the parent for as long as it lives.
	parentLock = "parent.lock"

	// aliveLock is held shared by each wrapper and its child.
	aliveLock = "alive.lock"

	janitorName = "janitor"

	// mainCalled is set, to the process id, in the environment of a process
	// that went through Main. The id tells a value of its own from an inherited one.
	mainCalled = "ARGOSERVICE_LEASH_MAIN"

	// releaseTimeout bounds the wait for the janitor.
	releaseTimeout = 10 * time.Second
)

// ErrMainNotCalled is returned by [New] in a program that doesn't call [Main].
var ErrMainNotCalled = errors.New("leash.Main was not called: make it the first line of main or TestMain")

// Leash is a work folder and the right to start processes that end with this one.
type Leash struct {
	dir     string
	lock    *os.File
	janitor *exec.Cmd
}

// Option changes how a child is run.
type Option func(*spec)

// Foreground leaves the child in the process group of its parent, so that it can
// read from the terminal and gets the terminal's Ctrl-C itself. The wrapper then
// passes on SIGTERM only.
func Foreground(s *spec) { s.Foreground = true }

// spec is what a wrapper needs to know; it lies beside the wrapper's link.
type spec struct {
	// Binary is the program to run; empty for the janitor.
	Binary     string `json:"binary,omitempty"`
	Foreground bool   `json:"foreground,omitempty"`
}

// New creates a work folder (below os.TempDir) and starts its janitor. It
// returns [ErrMainNotCalled] when this program doesn't call [Main].
func New() (_ *Leash, err error) {
	if os.Getenv(mainCalled) != strconv.Itoa(os.Getpid()) {
		return nil, ErrMainNotCalled
	}
	// Short: a unix socket's path may have about 100 bytes.
	dir, err := os.MkdirTemp("", "argoservice-")
	if err != nil {
		return nil, fmt.Errorf("create work folder: %w", err)
	}
	l := &Leash{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Release())
		}
	}()
	if err := os.Mkdir(filepath.Join(dir, linkDir), 0o700); err != nil {
		return nil, fmt.Errorf("create wrapper folder: %w", err)
	}
	if l.lock, err = os.OpenFile(filepath.Join(dir, parentLock), os.O_CREATE|os.O_RDWR, 0o600); err != nil {
		return nil, fmt.Errorf("create lock: %w", err)
	}
	if err := lock(l.lock, syscall.LOCK_EX); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(dir, aliveLock), nil, 0o600); err != nil {
		return nil, fmt.Errorf("create lock: %w", err)
	}
	return l, l.startJanitor()
}

// Dir is the work folder. It is removed after the last child has ended.
func (l *Leash) Dir() string { return l.dir }

// Wrap returns the path of a program that runs binary, with the arguments,
// environment and standard streams given to it, and ends with this process.
// SIGTERM and SIGINT are passed on, and the exit code passed back; a child that
// was ended by signal n gives 128+n. Each name can be used once.
func (l *Leash) Wrap(name, binary string, opts ...Option) (string, error) {
	s := spec{Binary: binary}
	for _, opt := range opts {
		opt(&s)
	}
	return l.link(name, s)
}

// Release says that all children have been stopped: it lets go of the lock, at
// which a child that still runs is killed, and waits until the folder is gone.
// It is safe to call again.
func (l *Leash) Release() error {
	if l.lock != nil {
		_ = l.lock.Close() // drops the lock; nothing was written that could be lost
		l.lock = nil
	}
	if l.janitor != nil {
		timer := time.AfterFunc(releaseTimeout, func() { _ = l.janitor.Process.Kill() })
		// How it ended says nothing that the removal below doesn't say better.
		_ = l.janitor.Wait()
		timer.Stop()
		l.janitor = nil
	}
	if err := os.RemoveAll(l.dir); err != nil {
		return fmt.Errorf("remove work folder (it can be deleted by hand): %w", err)
	}
	return nil
}

func (l *Leash) link(name string, s spec) (string, error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find own executable: %w", err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return "", fmt.Errorf("encode wrapper of %s: %w", name, err)
	}
	path := filepath.Join(l.dir, linkDir, name)
	if err := os.Symlink(self, path); err != nil {
		return "", fmt.Errorf("link wrapper of %s: %w", name, err)
	}
	if err := os.WriteFile(path+".json", data, 0o600); err != nil {
		return "", fmt.Errorf("write wrapper of %s: %w", name, err)
	}
	return path, nil
}

func (l *Leash) startJanitor() error {
	path, err := l.link(janitorName, spec{})
	if err != nil {
		return err
	}
	cmd := exec.Command(path)
	// A group of its own: the terminal's Ctrl-C must not end it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start janitor: %w", err)
	}
	l.janitor = cmd
	return nil
}
