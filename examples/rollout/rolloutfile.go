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
	// followEvery is the interval at which the service reads its rollout file. A file that is
	// mounted from a ConfigMap arrives a minute late anyway, so the default of 10 s is fine there.
	followEvery = 200 * time.Millisecond
	// lookEvery is the interval at which this program polls for a result.
	lookEvery = 20 * time.Millisecond
)

// rolloutFile is the file that a service follows. It stands for a mounted ConfigMap, and is
// replaced atomically like one: no reader sees a partial file.
type rolloutFile struct{ dir string }

func newRolloutFile() (rolloutFile, error) {
	dir, err := os.MkdirTemp("", "rollout-")
	return rolloutFile{dir}, err
}

func (f rolloutFile) path() string  { return filepath.Join(f.dir, "rollout.yaml") }
func (f rolloutFile) remove() error { return os.RemoveAll(f.dir) }

// write writes a rollout to the file.
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

// rolloutText encodes a rollout as [legacy.ParseRollout] reads it.
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

// oneLine formats a rollout for people.
func oneLine(r legacy.Rollout) string {
	text, err := rolloutText(r)
	if err != nil {
		return err.Error()
	}
	return strings.Join(strings.Split(strings.TrimSpace(string(text)), "\n"), ", ")
}

// follow makes a router follow the file until the returned function is called, which returns any
// error of the file.
func (f rolloutFile) follow(ctx context.Context, router *legacy.Router) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		var wrong error
		// FollowFile only returns because ctx has ended.
		_ = router.FollowFile(ctx, f.path(), followEvery, func(err error) { wrong = err })
		ended <- wrong
	}()
	return func() error {
		cancel()
		return <-ended
	}
}

// await blocks until the condition holds.
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
