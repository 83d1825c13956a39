package main

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
)

// crowd is the workflows of one namespace. Each may be written by one goroutine at a time.
type crowd struct {
	namespace string
	writer    *writer
	stages    []stage
	versions  []uint64
	retried   atomic.Int64 // writes
	bytes     atomic.Int64 // of the object that was created last, as it is sent to clients
}

func newCrowd(cfg *rest.Config, namespace string, workflows int) (*crowd, error) {
	w, err := newWriter(cfg, namespace)
	if err != nil {
		return nil, err
	}
	return &crowd{namespace: namespace, writer: w, stages: make([]stage, workflows), versions: make([]uint64, workflows)}, nil
}

// create creates all of them, running.
func (c *crowd) create(ctx context.Context) error {
	return inParallel(ctx, len(c.stages), func(ctx context.Context, index int) error {
		object, err := workflowJSON(index, stage{}, "")
		if err != nil {
			return err
		}
		answer, err := c.writer.create(ctx, object)
		c.versions[index] = answer.version
		c.bytes.Store(int64(answer.bytes))
		return err
	})
}

// move writes a workflow's next stage and returns the version it got.
func (c *crowd) move(ctx context.Context, index int, next stage) (uint64, error) {
	object, err := workflowJSON(index, next, strconv.FormatUint(c.versions[index], 10))
	if err != nil {
		return 0, err
	}
	version, err := c.replace(ctx, index, object)
	if err != nil {
		return 0, err
	}
	c.stages[index], c.versions[index] = next, version
	return version, nil
}

// patience is how long a write is tried again: polling can keep an API server from answering.
const patience = 2 * time.Minute

// replace writes a workflow until that is done. Nobody else does, so another version than the
// one to be replaced is that of a write whose answer was lost.
func (c *crowd) replace(ctx context.Context, index int, object []byte) (uint64, error) {
	for began := time.Now(); ; {
		answer, err := c.writer.replace(ctx, nameOf(index), object)
		if err == nil {
			return answer.version, nil
		}
		now, lookErr := c.writer.get(ctx, nameOf(index))
		switch {
		case lookErr == nil && now.version != c.versions[index]:
			return now.version, nil
		case ctx.Err() != nil || time.Since(began) > patience:
			return 0, errors.Join(err, lookErr)
		}
		c.retried.Add(1)
	}
}

// writers is how many writes are under way at most: enough for the rate where a busy API
// server takes a tenth of a second for one.
const writers = 24

// inParallel does something for each index until one fails, and returns that error.
func inParallel(ctx context.Context, count int, do func(ctx context.Context, index int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var working sync.WaitGroup
	for range writers {
		working.Go(func() {
			for index := int(next.Add(1)) - 1; index < count && ctx.Err() == nil; index = int(next.Add(1)) - 1 {
				if err := do(ctx, index); err != nil {
					cancel(err)
				}
			}
		})
	}
	working.Wait()
	return context.Cause(ctx)
}
