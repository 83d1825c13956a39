package watchhub

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// read reads the state that a call begins with. While many other calls read, it blocks until it is
// its turn, or returns the state that a list brings meanwhile.
func (h *Hub) read(ctx context.Context, s *subscription) (*snapshot, error) {
	for {
		slots, over := h.slots, (<-chan struct{})(nil)
		if len(slots) == cap(slots) {
			if list := h.pendingFor(s); list != nil {
				slots, over = nil, list.over // calls that subscribed after the list need the slots
			}
		}
		select {
		case slots <- struct{}{}:
			defer func() { <-h.slots }()
			return h.get(ctx, s.topic.name)
		case <-over:
		case <-s.wake:
			if state := h.takeListed(s); state != nil {
				return state, nil
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// takeListed returns a state that arrived with a list that was requested after the call had
// subscribed, or nil.
func (h *Hub) takeListed(s *subscription) *snapshot {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, u := range s.queue {
		if u.list != nil && u.list.before.subscribed >= s.ordinal {
			if s.outdatedBy == u.list {
				s.outdatedBy = nil
			}
			return u.snapshot
		}
	}
	return nil
}

// resolve reads a workflow that has left a filtered watch, or was missing in a filtered list, as it
// was at that version: either it was deleted, or it has other labels. since is the version from
// which later changes have to be delivered. While many other calls read, it blocks until it is its
// turn. If a later state has arrived meanwhile, the error is errSuperseded.
func (h *Hub) resolve(ctx context.Context, s *subscription, version string) (found *snapshot, since string, err error) {
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	if h.hasSeen(s, version) {
		return nil, "", errSuperseded
	}
	found, err = h.getAt(ctx, s.topic.name, version)
	if fault.Expired(err) || forbidden(err) { // too long ago, or the role allows get but not list
		if found, err = h.get(ctx, s.topic.name); err == nil {
			version = found.id.ResourceVersion
		}
	}
	return found, version, err
}

func (h *Hub) get(ctx context.Context, name string) (*snapshot, error) {
	item, err := h.cfg.Source.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	return newSnapshot(item)
}

// getAt reads a workflow as it was at a version.
func (h *Hub) getAt(ctx context.Context, name, version string) (*snapshot, error) {
	page, err := h.cfg.Source.List(ctx, source.ListOptions{ListOptions: exactly(name, version)})
	if err != nil {
		return nil, err
	}
	for _, item := range page.Items {
		if item.Err != nil || item.ID.Name == name {
			return newSnapshot(item)
		}
	}
	return nil, apierrors.NewNotFound(schema.GroupResource{Resource: "workflows"}, name)
}

// exactly selects one workflow as it was at a version.
func exactly(name, version string) metav1.ListOptions {
	return metav1.ListOptions{
		FieldSelector:   named(name),
		ResourceVersion: version, ResourceVersionMatch: metav1.ResourceVersionMatchExact,
	}
}

func named(name string) string { return fields.OneTermEqualSelector("metadata.name", name).String() }
