package workflow

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Up to fewFollowed workflows have a watch each. When there are more, one watch of the
// namespace takes over, until no more than fewLeft are left. In between nothing changes, so
// that a number that goes up and down doesn't have watches opened and closed all the time.
const (
	fewFollowed = 8
	fewLeft     = 4
)

// readsAtOnce bounds how many calls read the state that they begin with at the same time, and how
// many workflows a feed reads by themselves.
const readsAtOnce = 16

// hub shares the watches of one client among the calls that follow workflows. It has no
// goroutine but for what is followed: the last one to leave waits for their end.
//
// A call joins first, reads the workflow then, and is watching after that. If the feed that is
// to bring the news was there when the call joined, nothing is missed: whatever changes after
// the read comes after any position that the feed had by then. If not, the call reads again.
type hub struct {
	wire     wire
	silence  time.Duration // after which a watch is given up
	patience time.Duration // with refusals of what was granted before
	slots    chan struct{} // of those who read
	packer   packer
	outage   *pace.Outage // shared with the client
	// observe returns a context in which the client's observer learns of the feed of one workflow, or
	// with "" of the shared one; nil: there is none.
	observe func(ctx context.Context, name string) context.Context

	mu     sync.Mutex
	topics map[string]*topic // by name
	joined uint64            // calls so far
	shared *feed             // of the namespace; nil: each topic that is watched has one of its own
	coming *coming           // list of the namespace; nil: there is none
	single bool              // the namespace may not be watched as a whole
	common *sharedLabels     // of all states of what was watched since the hub was empty; nil: none
}

// topic is a workflow that is followed.
type topic struct {
	name      string
	followers []*follower
	watched   bool
	feed      *feed // nil: the shared one, or none
	ended     end   // that was noted last
}

// end is that of a workflow, which has another one after a retry.
type end struct {
	uid   types.UID
	at    time.Time // whole seconds, if the controller has written it
	phase status.Phase
}

func newHub(wire wire, silence, patience time.Duration, away *pace.Outage) *hub {
	return &hub{
		wire: wire, silence: silence, patience: max(0, patience), outage: away,
		slots: make(chan struct{}, readsAtOnce), topics: map[string]*topic{},
	}
}

// join registers a call that is going to read the workflow.
func (h *hub) join(name string) *follower {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[name]
	if t == nil {
		t = &topic{name: name}
		h.topics[name] = t
	}
	if h.shared == nil && !h.single && len(h.topics) > fewFollowed {
		h.shared = h.begin("", "", h.ownFeeds())
	}
	h.joined++
	f := newFollower(t, h.joined)
	f.relyOn(h.source(t))
	t.followers = append(t.followers, f)
	return f
}

// source is the feed that brings the news of a topic; nil: none yet.
func (h *hub) source(t *topic) *feed {
	if h.shared != nil {
		return h.shared
	}
	return t.feed
}

// watch has the news of a workflow come in to a call that has read it: s is what it has read.
// If it is false, something may have been missed in between: the call has to read again.
func (h *hub) watch(f *follower, s *status.WorkflowStatus) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := f.topic
	t.watched = true
	if h.common == nil {
		h.common = newSharedLabels(s.Labels)
	}
	h.common.intersect(s.Labels)
	h.fitLabels()
	source := h.source(t)
	if source == nil {
		t.feed = h.begin(t.name, s.ResourceVersion, nil)
		f.doubt, f.watching = nil, true
		return true
	}
	f.watching = f.source == source && f.epoch == source.epoch && f.doubt == nil
	f.doubt = nil
	f.relyOn(source)
	return f.watching
}

// fitLabels reopens the shared watch if it is narrowed to labels that the followed workflows no
// longer have in common. The caller holds the lock.
func (h *hub) fitLabels() {
	if f := h.shared; f != nil && f.labels != "" && f.labels != h.common.selector {
		f.labels, f.since = h.common.selector, ""
		f.epoch++ // a call that is reading its workflow may have missed what the old labels hid
		f.reopen("")
	}
}

// ownFeeds ends the topics' own feeds and returns them.
func (h *hub) ownFeeds() []*feed {
	var feeds []*feed
	for _, t := range h.topics {
		if t.feed != nil {
			t.feed.cancel()
			feeds = append(feeds, t.feed)
			t.feed = nil
		}
	}
	return feeds
}

// begin starts a feed of one workflow, or with "" of all. It goes on where those before it have
// ended, or else from position.
func (h *hub) begin(name, position string, before []*feed) *feed {
	// Not the caller's context: the feed serves others too, and ends with the last of them.
	ctx, cancel := context.WithCancel(context.Background())
	if h.observe != nil {
		ctx = h.observe(ctx, name)
	}
	f := &feed{hub: h, name: name, position: position, before: before, cancel: cancel, done: make(chan struct{})}
	if name == "" {
		h.coming = newComing() // at once: the next call may begin before the feed does
		f.first = h.coming
	}
	go f.run(ctx)
	return f
}

// leave ends the following of a call, and with the last one that of the workflow.
func (h *hub) leave(f *follower) {
	for _, ended := range h.remove(f) {
		ended.cancel()
		<-ended.done
	}
}

// remove returns the feeds that nobody needs any more.
func (h *hub) remove(f *follower) []*feed {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := f.topic
	at := slices.Index(t.followers, f)
	t.followers = slices.Delete(t.followers, at, at+1)
	if len(t.followers) > 0 {
		return nil
	}
	delete(h.topics, t.name)
	var ended []*feed
	if t.feed != nil {
		ended = append(ended, t.feed)
	}
	if h.shared != nil && len(h.topics) <= fewLeft {
		ended = append(ended, h.shared)
		h.unshare()
	}
	if len(h.topics) == 0 {
		h.common, h.single = nil, false
	}
	return ended
}

// unshare has each workflow watched by itself from where the shared feed has ended, or will.
func (h *hub) unshare() {
	before := []*feed{h.shared}
	h.shared = nil
	for _, t := range h.topics {
		if t.watched {
			t.feed = h.begin(t.name, "", before)
		}
	}
}

// refuse has each workflow watched by itself: the namespace as a whole may not be.
func (h *hub) refuse(f *feed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.shared == f {
		h.single = true
		h.unshare()
	}
}

// fail ends all calls that rely on a feed. Other feeds may have taken over from it; then there
// are none.
func (h *hub) fail(f *feed, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		if h.source(t) != f {
			continue
		}
		t.feed = nil
		for _, follower := range t.followers {
			follower.fail(err)
		}
	}
	if h.shared == f {
		h.shared = nil
	}
}

// readmit has the feed of a workflow deliver what has happened to it since version, when it left
// the labels that the feed watched for. labels are those that it has now.
func (h *hub) readmit(t *topic, labels map[string]string, version string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.common.intersect(labels)
	h.fitLabels()
	if f := h.source(t); f != nil && (f.since == "" || newer(f.since, version)) {
		f.reopen(version)
	}
}

// spread is a time by chance, longer for more workflows, for watches that would otherwise be opened
// at the same moment: one each millisecond, and all within 5 s.
func (h *hub) spread() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return rand.N(min(time.Duration(len(h.topics))*time.Millisecond, pace.Longest) + 1)
}

// endSeen reports whether the call is the first that has seen the workflow come to that end.
func (h *hub) endSeen(f *follower, s *status.WorkflowStatus) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := end{uid: s.UID, at: s.EndTime, phase: s.Phase}
	first := f.topic.ended != seen
	f.topic.ended = seen
	return first
}

// calls is how many calls have joined so far.
func (h *hub) calls() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.joined
}

// follows reports whether somebody follows the workflow of that name.
func (h *hub) follows(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.topics[name] != nil
}

// tell passes news on to all that follow the workflow.
func (h *hub) tell(name string, n news) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tellLocked(name, n)
}

func (h *hub) tellLocked(name string, n news) {
	t := h.topics[name]
	if t == nil {
		return
	}
	// Before the next watch is opened for what the labels have in common: in the queue of a slow
	// call a change of labels could wait for hours.
	if t.watched && n.snapshot != nil && !n.gone && h.common.any() {
		labels, _ := n.labels() // it was read before; without them all would be brought
		h.common.intersect(labels)
	}
	for _, f := range t.followers {
		f.offer(n)
	}
}

// advance passes on the news of an event, if it has any, and moves the feed's position behind the
// event. If the request was cut, it does neither: its labels may hide changes that the followers
// need, and the position must not pass those.
func (h *hub) advance(ctx context.Context, f *feed, id wfjson.Identity, n *news) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if n != nil {
		h.tellLocked(id.Name, *n)
	}
	if id.ResourceVersion != "" {
		f.position = id.ResourceVersion
	}
	return nil
}

// listed moves the feed's position to the version of a list, unless the request was cut.
func (h *hub) listed(ctx context.Context, f *feed, version string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	f.position, f.since = version, version
	return nil
}

// selector is that of a feed's watch.
func (h *hub) selector(f *feed) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.selectorOf(f)
}

func (h *hub) selectorOf(f *feed) string {
	if f.name != "" || h.common == nil {
		return ""
	}
	return h.common.selector
}

// census is who follows the workflow of that name, or with "" any, at one moment.
func (h *hub) census(name string) census {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := census{joined: h.joined, topics: len(h.topics)}
	if name == "" && h.coming != nil {
		h.coming.upTo = h.joined
	}
	for _, t := range h.topics {
		if name != "" && t.name != name {
			continue
		}
		for _, f := range t.followers {
			if version, begun := f.seen(); begun {
				c.begun = append(c.begun, begunAt{f, version})
			}
		}
	}
	return c
}

// latecomers are those who have begun to watch since the list was asked for: what they have read
// may be older than it. Who is not so far has to read again, or to begin with this list.
func (h *hub) latecomers(r *feedRead) []begunAt {
	h.mu.Lock()
	defer h.mu.Unlock()
	early := make(map[*follower]bool, len(r.census.begun))
	for _, f := range r.census.begun {
		early[f.follower] = true
	}
	var late []begunAt
	for _, t := range h.topics {
		if r.feed.name != "" && t.name != r.feed.name {
			continue
		}
		for _, f := range t.followers {
			switch {
			case early[f]:
			case f.watching:
				version, _ := f.seen()
				late = append(late, begunAt{f, version})
			default:
				f.doubt = r
			}
		}
	}
	return late
}

// census is who follows something.
type census struct {
	begun  []begunAt // who has read the workflow
	joined uint64    // how many calls have joined by then
	topics int
}

// begunAt is a follower and the newest version that it has seen.
type begunAt struct {
	*follower

	version string
}

// read reads what a call begins with: the workflow as it is now. While many others do, it blocks
// until it is its turn, or takes what a list brings meanwhile.
func (h *hub) read(ctx context.Context, f *follower) (*snapshot, error) {
	for {
		slots, over := h.slots, (<-chan struct{})(nil)
		if len(slots) == cap(slots) {
			if list := h.bringing(f); list != nil {
				slots, over = nil, list.over // who comes later than the list needs them
			}
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-h.slots }()
			return h.get(ctx, f.topic.name)
		case <-over:
		case <-f.wake:
			if n, ok := f.listed(); ok {
				h.trust(f, n.list)
				return n.snapshot, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// trust takes note that a call begins with what that list has brought.
func (h *hub) trust(f *follower, list *feedRead) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.doubt == list {
		f.doubt = nil
	}
}

// resolve reads a workflow that has left a filtered watch, or was missing in a filtered list, as
// it was at that version: then it was deleted, or has other labels. since is the version from
// which later changes are to be delivered. While many others read, it blocks until it is its turn.
// errSeenSince: a later state has come in meanwhile.
func (h *hub) resolve(ctx context.Context, f *follower, version string) (found *snapshot, since string, err error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	if f.seenSince(version) {
		return nil, "", errSeenSince
	}
	found, err = h.getAt(ctx, f.topic.name, version)
	if fault.Expired(err) || forbidden(err) { // too long ago, or the role has get alone
		if found, err = h.get(ctx, f.topic.name); err == nil {
			version = found.id.ResourceVersion
		}
	}
	return found, version, err
}

// getAt reads a workflow as it was at a version.
func (h *hub) getAt(ctx context.Context, name, version string) (found *snapshot, err error) {
	var bad error
	_, err = h.wire.list(ctx, exactly(name, version), func() {}, func(object []byte) {
		var id wfjson.Identity
		if id, bad = wfjson.Identify(object); bad == nil && id.Name == name {
			found, bad = newSnapshot(id, object)
		}
	})
	if err = errors.Join(err, bad); err == nil && found == nil {
		err = apierrors.NewNotFound(schema.GroupResource{Group: argoGroup, Resource: "workflows"}, name)
	}
	return found, err
}

// exactly selects one workflow as it was at a version.
func exactly(name, version string) metav1.ListOptions {
	return metav1.ListOptions{
		FieldSelector:   fields.OneTermEqualSelector("metadata.name", name).String(),
		ResourceVersion: version, ResourceVersionMatch: metav1.ResourceVersionMatchExact,
	}
}

func (h *hub) get(ctx context.Context, name string) (*snapshot, error) {
	object, err := h.wire.get(ctx, name)
	if err != nil {
		return nil, err
	}
	id, err := wfjson.Identify(object)
	if err != nil {
		return nil, err
	}
	return newSnapshot(id, object)
}
