package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
)

const (
	// followEvery is how often the service looks at its rollout file. One that is mounted from a
	// ConfigMap comes a minute late anyway, so that the default, 10 s, is no loss there.
	followEvery = 200 * time.Millisecond
	// lookEvery is how often this program looks whether something has happened.
	lookEvery = 20 * time.Millisecond
)

// rolloutFile is the file that a service follows. It stands for a mounted ConfigMap, and is
// replaced as a whole as one of those is: nobody ever reads the half of it.
type rolloutFile struct{ dir string }

func newRolloutFile() (rolloutFile, error) {
	dir, err := os.MkdirTemp("", "rollout-")
	return rolloutFile{dir}, err
}

func (f rolloutFile) path() string  { return filepath.Join(f.dir, "rollout.yaml") }
func (f rolloutFile) remove() error { return os.RemoveAll(f.dir) }

// write puts a rollout into the file.
func (f rolloutFile) write(r legacy.Rollout) error {
	text, err := rolloutText(r)
	if err != nil {
		return err
	}
	next := f.path() + ".next"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, f.path())
}

// rolloutText is a rollout as [legacy.ParseRollout] reads it.
func rolloutText(r legacy.Rollout) ([]byte, error) {
	fields := map[string]any{"percent": r.Percent}
	if r.Force != "" {
		fields["force"] = r.Force
	}
	if r.Salt != "" {
		fields["salt"] = r.Salt
	}
	return yaml.Marshal(fields)
}

// oneLine is a rollout's text for a person.
func oneLine(r legacy.Rollout) string {
	text, err := rolloutText(r)
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Split(strings.TrimSpace(string(text)), "\n"), ", ")
}

// follow has a router go by the file until the returned function is called, which returns what
// was wrong with the file meanwhile.
func (f rolloutFile) follow(ctx context.Context, router *legacy.Router) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		var wrong error
		// What it returns is that ctx has ended.
		_ = router.FollowFile(ctx, f.path(), followEvery, func(err error) { wrong = err })
		ended <- wrong
	}()
	return func() error {
		cancel()
		return <-ended
	}
}

// await blocks until something holds.
func await(ctx context.Context, what string, holds func() bool) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait until %s: %w", what, context.Cause(ctx))
		case <-tick.C:
		}
	}
	return nil
}
