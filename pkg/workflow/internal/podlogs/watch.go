package podlogs

import (
	"context"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

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
	_, err := source.Watch{
		Source:      podWatcher{l.client.Pods},
		Options:     metav1.ListOptions{LabelSelector: podSelector(l.workflow), ResourceVersion: version},
		IdleTimeout: l.client.IdleTimeout,
		Handle: func(event source.Event) error {
			switch event.Type {
			case watch.Added, watch.Modified, watch.Deleted:
			default:
				return nil
			}
			obj, err := event.Object()
			if err != nil {
				return err
			}
			if decoded := decodePod(obj, l.workflow.UID); decoded != nil {
				deliver(podUpdate{pods: []*pod{decoded}, deleted: event.Type == watch.Deleted})
			}
			return nil
		},
	}.Run(ctx)
	return err
}

// podWatcher is a [source.Watcher].
type podWatcher struct{ pods Pods }

func (w podWatcher) Watch(ctx context.Context, opts metav1.ListOptions, progress func()) (source.Stream, error) {
	watching, err := w.pods.Watch(ctx, opts)
	if err != nil {
		return nil, err
	}
	return source.NewObjectStream(ctx, watching, progress), nil
}
