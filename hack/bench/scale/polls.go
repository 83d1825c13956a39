package main

import (
	"context"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// pollInterval is how often polling reads each workflow.
const pollInterval = 5 * time.Second

// polls is the plain way: a goroutine for each workflow that reads it every few seconds.
type polls struct {
	peer      *peer
	workflows dynamic.ResourceInterface
}

// start spreads the reads over the interval, as they are if workflows start one after the other.
func (p *polls) start(ctx context.Context) error {
	client, err := dynamic.NewForConfig(p.peer.config)
	if err != nil {
		return err
	}
	p.workflows = client.Resource(workflows()).Namespace(p.peer.task.Namespace)
	all := p.peer.task.Workflows
	var seen sync.WaitGroup
	seen.Add(all)
	for index := range all {
		go p.poll(ctx, index, pollInterval*time.Duration(index)/time.Duration(all), seen.Done)
	}
	seen.Wait()
	return nil
}

func (p *polls) again(ctx context.Context, index int) { go p.poll(ctx, index, 0, nil) }

// poll reads one workflow until it has ended, the first time after a delay. seen is called at the
// first state.
func (p *polls) poll(ctx context.Context, index int, delay time.Duration, seen func()) {
	name := nameOf(index)
	timer := time.NewTimer(delay)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		timer.Reset(pollInterval)
		object, err := p.workflows.Get(ctx, name, metav1.GetOptions{})
		reported := nanos()
		if err != nil { // the next read will do
			continue
		}
		if seen != nil {
			seen()
			seen = nil
		}
		if completed(object) {
			p.peer.ended(index, object.GetResourceVersion(), reported)
			return
		}
	}
}
