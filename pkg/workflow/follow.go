package workflow

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// watchFor is how long a watch runs before the API server is asked to close it, and is left
// if it doesn't; then the workflow is read afresh: the backstop should a watch go silent. It is jittered
// up to twice as long, so that many waits don't come at once.
const watchFor = 4 * time.Minute

// steady is how long a watch must have run for the next pause to be a short one again.
const steady = 5 * time.Second

// follow shows visit each state of a workflow until visit says it is done or fails, or the
// workflow is gone, or ctx ends.
func (c *WorkflowClient) follow(ctx context.Context, name string, visit visitor) error {
	return c.followUID(ctx, name, "", visit)
}

// followUID follows the workflow that has the given uid; "": the one seen first.
func (c *WorkflowClient) followUID(ctx context.Context, name string, uid types.UID, visit visitor) error {
	if err := checkName(name); err != nil {
		return err
	}
	f := follower{client: c, name: name, uid: uid, visit: visit}
	return f.run(ctx)
}

// run follows the workflow until the visitor is done, or it can't go on.
func (f *follower) run(ctx context.Context) error {
	p := newPacer(time.Time{})
	for {
		began := time.Now()
		done, err := f.readAndWatch(ctx)
		if done {
			return err
		}
		if err != nil && ctx.Err() == nil && !passing(err) {
			return err
		}
		if time.Since(began) > steady {
			p = newPacer(time.Time{})
		}
		if !p.pause(ctx, err) {
			return &WaitError{Last: f.last, Err: context.Cause(ctx)}
		}
	}
}

// visitor looks at one state; done ends the following, as does an error.
type visitor func(*status.WorkflowStatus) (done bool, err error)

type follower struct {
	client *WorkflowClient
	name   string
	visit  visitor

	uid  types.UID // of the workflow followed; "": not seen yet
	last *status.WorkflowStatus
}

// readAndWatch reads the workflow and watches it from there. done: the following is over,
// with err as its result; otherwise the watch has ended, and err says why if it is known.
func (f *follower) readAndWatch(ctx context.Context) (done bool, err error) {
	obj, err := f.client.workflows.Get(ctx, f.name, metav1.GetOptions{})
	if f.last != nil && notFound(err) {
		return true, fmt.Errorf("%w; last seen %s", ErrDeleted, f.last.Outcome())
	}
	if err != nil {
		return false, err
	}
	if done, err := f.show(obj); done {
		return true, err
	}

	last := watchFor + rand.N(watchFor)
	timeout := int64(last.Seconds())
	w, err := f.client.workflows.Watch(ctx, metav1.ListOptions{
		FieldSelector:       fields.OneTermEqualSelector("metadata.name", f.name).String(),
		ResourceVersion:     obj.GetResourceVersion(),
		AllowWatchBookmarks: true, // keeps a quiet connection from being taken for a dead one
		TimeoutSeconds:      &timeout,
	})
	if err != nil {
		return false, err
	}
	defer w.Stop()
	// A dead line keeps the server's own end of the watch from coming through.
	silent := time.NewTimer(last + steady)
	defer silent.Stop()
	for {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-silent.C:
			return false, nil
		case event, open := <-w.ResultChan():
			if !open {
				return false, nil
			}
			if done, err := f.handle(event); done || err != nil {
				return done, err
			}
		}
	}
}

func (f *follower) handle(event watch.Event) (done bool, err error) {
	switch event.Type {
	case watch.Added, watch.Modified, watch.Deleted:
		obj, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			return false, nil
		}
		// The last state counts even when it comes with the deletion.
		if done, err := f.show(obj); done {
			return true, err
		}
		if event.Type == watch.Deleted {
			return true, fmt.Errorf("%w; last seen %s", ErrDeleted, f.last.Outcome())
		}
	case watch.Error:
		return false, &watchError{err: apierrors.FromObject(event.Object)}
	}
	return false, nil
}

// show passes a state on, once.
func (f *follower) show(obj *unstructured.Unstructured) (done bool, err error) {
	if f.uid == "" {
		f.uid = obj.GetUID()
	}
	if obj.GetUID() != f.uid {
		return true, ErrReplaced
	}
	if f.last != nil && f.last.ResourceVersion == obj.GetResourceVersion() {
		return false, nil
	}
	s, err := status.FromUnstructured(obj)
	if err != nil {
		return true, err
	}
	f.last = s
	done, err = f.visit(s)
	return done || err != nil, err
}

// passing reports whether following can go on after err: the watch ended, for instance
// because its version is too old by now, or the fault is transient. Other errors, such as a
// permission that was taken away, end it.
func passing(err error) bool {
	var ended *watchError
	return errors.As(err, &ended) || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) || transient(err)
}

// watchError is an error that came as an event of a watch.
type watchError struct{ err error }

func (e *watchError) Error() string { return e.err.Error() }
func (e *watchError) Unwrap() error { return e.err }
