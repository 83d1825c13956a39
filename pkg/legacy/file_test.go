package legacy

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestParseRollout(t *testing.T) {
	for text, want := range map[string]Rollout{
		"":                               {},
		"percent: 12.5\nsalt: s":         {Percent: 12.5, Salt: "s"},
		`{"force":"native","percent":3}`: {Force: workflow.BackendNative, Percent: 3},
	} {
		if got, err := ParseRollout([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for text, names := range map[string]string{"percent: 101": "percent", "percent: ten": "percent", "force: both": "force", "precent: 10": "precent", "a: [": ""} {
		if _, err := ParseRollout([]byte(text)); !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), names) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// The mounted file may be the wrong one and contain secrets.
func TestErrorsOfRolloutsShowNoValues(t *testing.T) {
	for text, says := range map[string]string{
		"salt: *hunter2":           "has an alias without an anchor",
		"percent: hunter2":         "percent must be a number",
		"salt: {hunter2: hunter2}": "salt must be a string",
		"salt: !!int hunter2":      "its tag does not allow",
		"password: hunter2":        `unknown field "password"`,
		"hunter2":                  "has a value of the wrong type",
	} {
		_, err := ParseRollout([]byte(text))
		if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if r, err := ParseRollout([]byte("salt: 2025")); err != nil || r.Salt != "2025" {
		t.Errorf("a salt of digits: %+v, %v", r, err)
	}
}

func TestFollowFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollout.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		r := router(t, &recorder{}, &recorder{}, RouterOptions{})
		var reported []string
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- r.FollowFile(ctx, path, time.Second, func(err error) { reported = append(reported, err.Error()) })
		}()
		look := func() { time.Sleep(3 * time.Second); synctest.Wait() }
		look()
		write("percent: 10")
		look()
		if r.Rollout() != (Rollout{Percent: 10}) {
			t.Errorf("%+v", r.Rollout())
		}
		if err := r.SetRollout(Rollout{Percent: 20}); err != nil {
			t.Error(err)
		}
		look()
		if r.Rollout() != (Rollout{Percent: 20}) {
			t.Errorf("%+v: the file has not changed", r.Rollout())
		}
		write("percent: 1000")
		look()
		write("percent: 30")
		look()
		if r.Rollout() != (Rollout{Percent: 30}) {
			t.Errorf("%+v", r.Rollout())
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if len(reported) != 2 || !strings.Contains(reported[0], "no such file") || !strings.Contains(reported[1], "percent") ||
			slices.ContainsFunc(reported, func(text string) bool { return !strings.Contains(text, path) }) {
			t.Errorf("%q", reported)
		}
	})
}
