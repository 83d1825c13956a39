package main

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
)

// polls is the plain way: a goroutine for each workflow that reads it every few seconds.
type polls struct {
	peer      *peer
	config    *rest.Config
	workflows dynamic.ResourceInterface
}

// startTime is what all have to be read once, above the interval. Where an API server can't keep
// up, that is a finding and no reason to end.
const startTime = 45 * time.Second

// start has the readings spread over the interval, as they are where workflows start one after the
// other.
func (p *polls) start(ctx context.Context) (unseen int, err error) {
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return 0, err
	}
	p.workflows = client.Resource(workflows()).Namespace(p.peer.task.Namespace)
	interval, all := time.Duration(p.peer.task.Interval), p.peer.task.Workflows
	seen := make(chan struct{}, all)
	for index := range all {
		go p.poll(ctx, index, interval*time.Duration(index)/time.Duration(all), func() { seen <- struct{}{} })
	}
	late := time.NewTimer(interval + startTime)
	defer late.Stop()
	for unseen := all; unseen > 0; unseen-- {
		select {
		case <-seen:
		case <-late.C:
			return unseen, nil
		}
	}
	return 0, nil
}

func (p *polls) again(ctx context.Context, index int) { go p.poll(ctx, index, 0, func() {}) }

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
		timer.Reset(time.Duration(p.peer.task.Interval))
		object, err := p.workflows.Get(ctx, name, metav1.GetOptions{})
		told := p.peer.clock.now()
		if err != nil { // the next time will tell
			continue
		}
		if seen != nil {
			seen()
			seen = nil
		}
		if completed(object) {
			p.peer.ended(index, object.GetResourceVersion(), told)
			return
		}
	}
}
