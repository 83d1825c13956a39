package workflow

import (
	"context"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
)

// muchLarger: of a namespace with so many times as many workflows as are followed, only the
// latter are read, each by itself.
const muchLarger = 10

// feedRead is one reading of what a feed is for, all of it as it was at one version.
type feedRead struct {
	feed   *feed
	labels string
	alive  func() // to be called when something has come

	census  census    // of before the request: who comes later reads for itself
	settled bool      // an answer has come
	late    []begunAt // who had begun to watch by then
	version string    // "": nothing was read yet

	mu         sync.Mutex // of what follows
	there      map[string]bool
	unreadable bool // an object could not be read, so it isn't known which is not there
}

// read reads what the feed is for, passes it on, and has its version for the position.
func (f *feed) read(ctx context.Context, labels string, alive func()) error {
	if f.name == "" {
		list := f.hub.expect()
		defer f.hub.listEnded(list)
		stuck := time.AfterFunc(stuckAfter, list.end)
		defer stuck.Stop()
		noticed := alive
		alive = func() { noticed(); stuck.Reset(stuckAfter) }
	}
	r := feedRead{feed: f, labels: labels, alive: alive, census: f.hub.census(f.name), there: map[string]bool{}}
	opts := f.options(labels)
	opts.Limit = DefaultPageSize
	for {
		meta, err := r.pageOrAgain(ctx, opts)
		switch {
		case apierrors.IsForbidden(err) && f.name != "":
			return r.readOne(ctx)
		case err != nil:
			return err
		case meta.RemainingItemCount != nil && *meta.RemainingItemCount > int64(muchLarger*r.census.topics):
			if err := r.readEach(ctx); err != nil {
				return err
			}
		case meta.Continue != "":
			opts.Continue = meta.Continue
			continue
		}
		if err := f.hub.listed(ctx, f, r.version); err != nil {
			return err // it was cut: of who has just changed the labels, this list says nothing
		}
		r.missing()
		return nil
	}
}

// pageOrAgain reads a page, over transient faults if it is not the first: of hundreds of pages one is
// likely to be lost on a bad line, and who begins anew loses another. The first one is of another
// version if it is read again.
func (r *feedRead) pageOrAgain(ctx context.Context, opts metav1.ListOptions) (metav1.ListMeta, error) {
	first := r.version == ""
	p := newPacer(time.Now().Add(blindFor))
	p.Outage = r.feed.hub.outage
	for {
		meta, err := r.page(ctx, opts)
		if err == nil || first || ctx.Err() != nil || !p.Again(err) || !p.PauseSilently(ctx, err) {
			return meta, err
		}
	}
}

// page reads a page of a list and passes on what is followed.
func (r *feedRead) page(ctx context.Context, opts metav1.ListOptions) (metav1.ListMeta, error) {
	f := r.feed
	var states []*snapshot
	meta, err := f.hub.wire.list(ctx, opts, r.alive, func(object []byte) {
		r.settle()
		if s, err := f.followed(object); err != nil {
			r.unread()
		} else if s != nil {
			states = append(states, s)
		}
	})
	if err != nil {
		return meta, err
	}
	if r.version == "" {
		r.settle()
		r.version = meta.ResourceVersion
		for _, follower := range r.census.begun {
			if newer(follower.version, r.version) { // the server's data was put back to an earlier state
				follower.forget(follower.version)
			}
		}
	}
	for _, s := range states {
		r.saw(s.id.Name)
		f.hub.tell(s.id.Name, news{snapshot: s, list: r, arrived: time.Now()})
	}
	return meta, nil
}

// followed is an object of a list, if somebody follows it.
func (f *feed) followed(object []byte) (*snapshot, error) {
	id, err := wfjson.Identify(object)
	if err != nil {
		return nil, err
	}
	if !f.hub.follows(id.Name) || f.name != "" && f.name != id.Name {
		return nil, nil
	}
	return newSnapshot(id, object)
}

// settle takes note, when the first answer has come, of who may have read something that is older.
// Who joins from now on can't have.
func (r *feedRead) settle() {
	if !r.settled {
		r.settled = true
		r.late = r.feed.hub.latecomers(r)
	}
}

func (r *feedRead) saw(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.there[name] = true
}

// unread takes note that an object could not be read. It must not keep the others' states back, so
// the list counts, and those that it lacks are looked for by name.
func (r *feedRead) unread() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unreadable = true
}

// readEach reads the workflows by themselves that somebody has read before and that no page has
// brought. It reads some at a time: one after the other would take longer than a busy API server
// goes on without a fault, and then the next reading would begin anew.
func (r *feedRead) readEach(ctx context.Context) error {
	names := map[string]bool{}
	for _, follower := range slices.Concat(r.census.begun, r.late) {
		if name := follower.topic.name; !r.there[name] {
			names[name] = true
		}
	}
	ctx, failed := context.WithCancelCause(ctx)
	defer failed(nil)
	slots := make(chan struct{}, readsAtOnce)
	var reading sync.WaitGroup
	for name := range names {
		slots <- struct{}{}
		if ctx.Err() != nil {
			break
		}
		reading.Go(func() {
			defer func() { <-slots }()
			if err := r.readAt(ctx, name); err != nil {
				failed(err)
			}
		})
	}
	reading.Wait()
	return context.Cause(ctx)
}

// readAt reads a workflow as it was at the version of the first page.
func (r *feedRead) readAt(ctx context.Context, name string) error {
	_, err := r.pageOrAgain(ctx, exactly(name, r.version))
	return err
}

// missing tells of workflows that were there before and were not read now.
func (r *feedRead) missing() {
	late := slices.DeleteFunc(r.late, func(f begunAt) bool { return newer(f.version, r.version) }) // made after that
	for _, follower := range slices.Concat(r.census.begun, late) {
		if !r.there[follower.topic.name] {
			n := news{gone: true}
			if r.labels != "" || r.unreadable {
				n.doubtful = r.version
			}
			follower.offer(n)
		}
	}
}

// readOne reads the workflow for a caller who may not list it. If it has not changed for long,
// its version is too old to watch from; then this repeats, seconds apart.
func (r *feedRead) readOne(ctx context.Context) error {
	f := r.feed
	s, err := f.hub.get(ctx, f.name)
	if notFound(err) {
		r.missing()
		return errNothing
	}
	if err != nil {
		return err
	}
	f.hub.tell(f.name, news{snapshot: s, arrived: time.Now()})
	f.position = s.id.ResourceVersion
	return nil
}
