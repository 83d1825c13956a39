package podlogs

import (
	"context"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// watchDuration is how long a watch lasts before the API server closes it. Jitter adds up to as much
// again.
const watchDuration = 4 * time.Minute

// podUpdate is what a watch or a list of pods delivered.
type podUpdate struct {
	pods    []*pod
	all     bool // the workflow has no other pods
	deleted bool // these pods were deleted
}

// watchPods calls deliver for the changes of the workflow's pods since Find, until ctx ends. When a
// watch has ended and can be replaced, it lists all pods.
func (l *Logs) watchPods(ctx context.Context, deliver func(podUpdate)) error {
	if !naming.CanHavePods(l.workflow.Name) {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	version := l.version
	p := l.client.pacer(time.Time{})
	for {
		began := time.Now()
		err := l.watchPodsOnce(ctx, version, deliver)
		for {
			if err != nil && ctx.Err() == nil && !source.Resumable(err) {
				return err
			}
			if time.Since(began) > source.StableAfter {
				p = l.client.pacer(time.Time{})
			}
			if !p.Pause(ctx, err) {
				return context.Cause(ctx)
			}
			var pods []*pod
			began = time.Now()
			pods, version, err = l.client.listPods(ctx, l.workflow)
			if err == nil {
				deliver(podUpdate{pods: pods, all: true})
				break
			}
		}
	}
}

func (l *Logs) watchPodsOnce(ctx context.Context, version string, deliver func(podUpdate)) error {
	ctx, idle := source.WithIdleTimeout(ctx, l.client.IdleTimeout)
	defer idle.Stop()
	timeout := int64((watchDuration + rand.N(watchDuration)).Seconds())
	w, err := l.client.Pods.Watch(ctx, metav1.ListOptions{
		LabelSelector: podSelector(l.workflow), ResourceVersion: version, AllowWatchBookmarks: true, TimeoutSeconds: &timeout,
	})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	defer w.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case event, open := <-w.ResultChan():
			if !open {
				return context.Cause(ctx)
			}
			idle.Reset()
			if event.Type == watch.Error {
				return &source.WatchError{Err: apierrors.FromObject(event.Object)}
			}
			obj, ok := event.Object.(*unstructured.Unstructured)
			if !ok || event.Type == watch.Bookmark {
				continue
			}
			if decoded := decodePod(obj, l.workflow.UID); decoded != nil {
				deliver(podUpdate{pods: []*pod{decoded}, deleted: event.Type == watch.Deleted})
			}
		}
	}
}
