package main

import (
	"context"
	"runtime/metrics"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// lists reads all workflows once: page by page with this library, or at once.
type lists struct {
	peer   *peer
	config *rest.Config
}

func (l *lists) start(ctx context.Context) (unseen int, err error) {
	read := l.paged
	if l.peer.task.Way == listAtOnce {
		read = l.atOnce
	}
	highest := watchHeap()
	count, err := read(ctx)
	found := highest()
	if err != nil {
		return 0, err
	}
	found.Workflows = count
	return 0, l.peer.out.send(news{Listed: &found})
}

func (l *lists) again(context.Context, int) {}

func (l *lists) paged(ctx context.Context) (count int, err error) {
	client, err := workflow.NewForConfig(l.config, workflow.Options{Namespace: l.peer.task.Namespace})
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

func (l *lists) atOnce(ctx context.Context) (int, error) {
	client, err := dynamic.NewForConfig(l.config)
	if err != nil {
		return 0, err
	}
	list, err := client.Resource(workflows()).Namespace(l.peer.task.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	return len(list.Items), nil
}

// watchHeap looks at the heap every millisecond until the function it returns is called, which tells the
// most that was there, more than at the beginning.
func watchHeap() func() listed {
	done := make(chan struct{})
	var watching sync.WaitGroup
	before := heapNow()
	var most listed
	watching.Go(func() {
		tick := time.NewTicker(time.Millisecond)
		defer tick.Stop()
		for {
			now := heapNow()
			most.Live = max(most.Live, now.Live-before.Live)
			most.WithGarbage = max(most.WithGarbage, now.WithGarbage-before.WithGarbage)
			select {
			case <-tick.C:
			case <-done:
				return
			}
		}
	})
	return func() listed {
		close(done)
		watching.Wait()
		return most
	}
}

func heapNow() listed {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(samples)
	return listed{Live: int64(samples[0].Value.Uint64()), WithGarbage: int64(samples[1].Value.Uint64())}
}
