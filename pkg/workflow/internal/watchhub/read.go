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

// readSnapshot reads a workflow. While many calls read, it blocks until it is its turn.
func (h *Hub) readSnapshot(ctx context.Context, name string) (*snapshot, error) {
	leave, err := h.turns.await(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return h.get(ctx, name)
}

// resolve reads a workflow that has left a filtered watch, or was missing in a filtered list, as it
// was at that version: either it was deleted, or it has other labels. since is the version from
// which later changes have to be delivered. While many other calls read, it blocks until it is its
// turn. If a later state has arrived meanwhile, the error is errSuperseded.
func (h *Hub) resolve(ctx context.Context, s *subscription, version string) (found *snapshot, since string, err error) {
	leave, err := h.turns.await(ctx)
	if err != nil {
		return nil, "", err
	}
	defer leave()
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
	return h.newSnapshot(item)
}

// getAt reads a workflow as it was at a version.
func (h *Hub) getAt(ctx context.Context, name, version string) (*snapshot, error) {
	page, err := h.cfg.Source.List(ctx, source.ListOptions{ListOptions: exactly(name, version)})
	if err != nil {
		return nil, err
	}
	for _, item := range page.Items {
		if item.Err != nil || item.ID.Name == name {
			return h.newSnapshot(item)
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
