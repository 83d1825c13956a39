package workflow

import (
	"context"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// podsSeen is what a watch of a workflow's pods brought.
type podsSeen struct {
	pods []*logPod
	all  bool // there are no others
	gone bool // these were deleted
}

// watchLogPods reports the changes of a workflow's pods since a version, until ctx ends.
// Where the watch ends, for whatever reason that passes, the pods are listed afresh.
func (c *WorkflowClient) watchLogPods(ctx context.Context, s *status.WorkflowStatus, version string, seen func(podsSeen)) error {
	if !canHavePods(s.Name) {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	p := newPacer(time.Time{})
	for {
		began := time.Now()
		err := c.watchLogPodsOnce(ctx, s, version, seen)
		for {
			if err != nil && ctx.Err() == nil && !passing(err) {
				return err
			}
			if time.Since(began) > steady {
				p = newPacer(time.Time{})
			}
			if !p.Pause(ctx, err) {
				return context.Cause(ctx)
			}
			var pods []*logPod
			began = time.Now()
			pods, version, err = c.listLogPods(ctx, s)
			if err == nil {
				seen(podsSeen{pods: pods, all: true})
				break
			}
		}
	}
}

func (c *WorkflowClient) watchLogPodsOnce(ctx context.Context, s *status.WorkflowStatus, version string, seen func(podsSeen)) error {
	ctx, cut := context.WithCancelCause(ctx)
	defer cut(nil)
	mute := time.AfterFunc(c.watchSilence, func() { cut(errMute) })
	defer mute.Stop()
	timeout := int64((watchFor + rand.N(watchFor)).Seconds())
	w, err := c.podWatches.Watch(ctx, metav1.ListOptions{
		LabelSelector: logPodsOf(s), ResourceVersion: version, AllowWatchBookmarks: true, TimeoutSeconds: &timeout,
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
			mute.Reset(c.watchSilence)
			if event.Type == watch.Error {
				return &watchError{err: apierrors.FromObject(event.Object)}
			}
			obj, ok := event.Object.(*unstructured.Unstructured)
			if !ok || event.Type == watch.Bookmark {
				continue
			}
			if pod := readLogPod(obj, s.UID); pod != nil {
				seen(podsSeen{pods: []*logPod{pod}, gone: event.Type == watch.Deleted})
			}
		}
	}
}
