package source

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
)

// MetadataLister lists objects by their metadata alone where the API server can be asked for that:
// one workflow or template can be as large as a megabyte.
type MetadataLister interface {
	// ListMetadata returns a page of a resource of the lister's API group, with at least the
	// objects' names and annotations. namespace is "" for a resource of the whole cluster.
	ListMetadata(ctx context.Context, resource, namespace string, opts metav1.ListOptions) (*metav1.PartialObjectMetadataList, error)
}

// maxMetadata bounds a page, in bytes.
const maxMetadata = 16 << 20

// ListMetadata implements [MetadataLister].
func (s *REST) ListMetadata(
	ctx context.Context, resource, namespace string, opts metav1.ListOptions,
) (*metav1.PartialObjectMetadataList, error) {
	body, err := s.bounded.Get().NamespaceIfScoped(namespace, namespace != "").Resource(resource).VersionedParams(&opts, s.params).
		SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").Stream(ctx)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(body, maxMetadata+1))
	_ = body.Close()
	if err != nil {
		return nil, err
	}
	if len(data) > maxMetadata {
		return nil, fmt.Errorf("a page of %s is larger than %d MiB", resource, maxMetadata>>20)
	}
	var page metav1.PartialObjectMetadataList
	if err := json.Unmarshal(data, &page); err != nil {
		return nil, fmt.Errorf("read the list of %s: %w", resource, io.ErrUnexpectedEOF)
	}
	return &page, nil
}

// DynamicMetadata is a [MetadataLister] over a dynamic client, which can only list whole objects.
// Its pages are small.
type DynamicMetadata struct {
	client dynamic.Interface
	group  schema.GroupVersion
}

// NewDynamicMetadata returns the lister of a group's resources.
func NewDynamicMetadata(client dynamic.Interface, group schema.GroupVersion) *DynamicMetadata {
	return &DynamicMetadata{client, group}
}

// ListMetadata implements [MetadataLister].
func (m *DynamicMetadata) ListMetadata(
	ctx context.Context, resource, namespace string, opts metav1.ListOptions,
) (*metav1.PartialObjectMetadataList, error) {
	const most = 50
	opts.Limit = min(opts.Limit, most)
	list, err := m.client.Resource(m.group.WithResource(resource)).Namespace(namespace).List(ctx, opts)
	if err != nil {
		return nil, err
	}
	page := &metav1.PartialObjectMetadataList{ListMeta: metav1.ListMeta{Continue: list.GetContinue()}}
	for i := range list.Items {
		object := &list.Items[i]
		page.Items = append(page.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			Name: object.GetName(), Annotations: object.GetAnnotations(),
		}})
	}
	return page, nil
}
