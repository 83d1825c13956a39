package main

import (
	"context"
	"fmt"
	"runtime/metrics"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// lists reads all workflows once: page by page with this library, or at once.
type lists struct {
	peer *peer
}

func (l *lists) start(ctx context.Context) error {
	read := l.paged
	if l.peer.task.Way == listAtOnce {
		read = l.atOnce
	}
	highest := watchHeap()
	count, err := read(ctx)
	l.peer.list = highest()
	if err == nil && count != l.peer.task.Workflows {
		err = fmt.Errorf("listed %d workflows, want %d", count, l.peer.task.Workflows)
	}
	return err
}

func (l *lists) again(context.Context, int) {}

func (l *lists) paged(ctx context.Context) (count int, err error) {
	client, err := workflow.NewForConfig(l.peer.config, workflow.Options{Namespace: l.peer.task.Namespace})
	if err != nil {
		return 0, err
	}
	for _, err := range client.List(ctx, workflow.ListOptions{}) {
		if err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

func (l *lists) atOnce(ctx context.Context) (count int, err error) {
	client, err := dynamic.NewForConfig(l.peer.config)
	if err != nil {
		return 0, err
	}
	list, err := client.Resource(workflows()).Namespace(l.peer.task.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	return len(list.Items), nil
}

// watchHeap reads the size of the heap, with its garbage, every millisecond until the function that it
// returns is called. That function returns by how much the heap has grown at most.
func watchHeap() (highest func() int64) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	before, most := heapNow(), int64(0)
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			most = max(most, heapNow()-before)
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	})
	return func() int64 {
		close(done)
		watching.Wait()
		return most
	}
}

func heapNow() int64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
