package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"sync"

	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/legacy"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// template is the one in manifests/.
	template = "rollout-job"
	// gate is its entrypoint that waits until it is resumed.
	gate = "at-gate"

	labelRun   = "rollout.argoservice/run"
	labelJob   = "rollout.argoservice/job"
	labelPhase = "rollout.argoservice/phase"

	// atOnce is the number of concurrent calls. Each can be a process.
	atOnce = 4
)

// job is a task for one workflow, to be done once.
type job struct {
	run           string
	number, phase int
	atGate        bool // until it is resumed
	passed        bool // it was resumed

	uid     types.UID        // of its workflow
	backend workflow.Backend // that started the workflow
	outcome status.Outcome   // with which its wait has ended; "": not yet
}

// request returns the request for the job's workflow. The job is the key, so every repetition,
// through either backend, gets the same workflow. The name determines the backend.
func (j *job) request() workflow.StartRequest {
	req := workflow.StartRequest{
		Template:       template,
		Name:           j.name(),
		IdempotencyKey: j.key(),
		Labels: map[string]string{
			labelRun: j.run, labelJob: strconv.Itoa(j.number), labelPhase: strconv.Itoa(j.phase),
		},
	}
	if j.atGate {
		req.Entrypoint = gate
	}
	return req
}

func (j *job) key() string { return fmt.Sprintf("%s/%d", j.run, j.number) }

// name is a hash, since a run may have characters that a name can't have.
func (j *job) name() string {
	sum := sha256.Sum256([]byte(j.key()))
	return fmt.Sprintf("%s-%x", template, sum[:8])
}

func names(jobs []*job) []string {
	all := make([]string, len(jobs))
	for i, j := range jobs {
		all[i] = j.name()
	}
	return all
}

// uids returns the UIDs of the jobs' workflows by their names.
func uids(jobs []*job) map[string]types.UID {
	all := make(map[string]types.UID, len(jobs))
	for _, j := range jobs {
		all[j.name()] = j.uid
	}
	return all
}

// share returns the percentage of many jobs of a run that a rollout gives to the native client.
// With few jobs it can differ much from the requested one.
func share(r legacy.Rollout, namespace, run string, many int) float64 {
	native := 0
	for number := range many {
		j := job{run: run, number: number}
		if r.Backend(namespace, j.name()) == workflow.BackendNative {
			native++
		}
	}
	return 100 * float64(native) / float64(many)
}

// each calls do for all items, some concurrently, until one fails, and returns that error.
func each[T any](ctx context.Context, items []T, do func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var running sync.WaitGroup
	slots := make(chan struct{}, atOnce)
	for _, item := range items {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		running.Go(func() {
			defer func() { <-slots }()
			if err := do(ctx, item); err != nil {
				cancel(err)
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}
