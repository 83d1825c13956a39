package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The router can read what is written.
func TestRolloutTextIsReadBack(t *testing.T) {
	for _, r := range []legacy.Rollout{
		{}, {Percent: 2.5}, {Percent: 100, Force: workflow.BackendKubectl}, {Percent: 10, Salt: "a: b # \"c\""}, {Salt: "10"},
	} {
		text, err := rolloutText(r)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := legacy.ParseRollout(text); err != nil || got != r {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	if line := oneLine(legacy.Rollout{Force: workflow.BackendKubectl, Percent: 100}); line != "force: kubectl, percent: 100" {
		t.Error(line)
	}
}

func TestTheRouterFollowsTheFile(t *testing.T) {
	router, err := legacy.FromEnv(&rest.Config{Host: "http://127.0.0.1:1"}, legacy.FromEnvOptions{Lookup: environment()})
	if err != nil {
		t.Fatal(err)
	}
	file, err := newRolloutFile()
	if err != nil {
		t.Fatal(err)
	}
	if err := file.write(legacy.Rollout{Percent: 10}); err != nil {
		t.Fatal(err)
	}
	stop := file.follow(t.Context(), router)
	for _, r := range []legacy.Rollout{{Percent: 10}, {Percent: 100, Force: workflow.BackendKubectl}, {Percent: 100}} {
		if err := file.write(r); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		if err := await(ctx, "it is noticed", func() bool { return router.Rollout() == r }); err != nil {
			t.Error(err)
		}
		cancel()
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if err := file.remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(file.dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", file.dir, err)
	}
}

func TestAwaitNamesItsCondition(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := await(ctx, "the moon is full", func() bool { return false }); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "the moon is full") {
		t.Error(err)
	}
	if err := await(ctx, "now", func() bool { return true }); err != nil {
		t.Error(err)
	}
}
