package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/dynamic"
)

// metadataLister lists objects by their metadata. One workflow or template can be as large as a
// megabyte, so the rest is not asked for where the API server can be told so.
type metadataLister interface {
	// listMetadata reads a page of an Argo resource; namespace is "" for one of the whole cluster.
	listMetadata(ctx context.Context, plural, namespace string, opts metav1.ListOptions) (*metav1.PartialObjectMetadataList, error)
}

// maxMetadata bounds a page, in bytes.
const maxMetadata = 16 << 20

func (w *restWire) listMetadata(
	ctx context.Context, plural, namespace string, opts metav1.ListOptions,
) (*metav1.PartialObjectMetadataList, error) {
	answer, err := w.short.Get().NamespaceIfScoped(namespace, namespace != "").Resource(plural).VersionedParams(&opts, w.params).
		SetHeader("Accept", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1").Stream(ctx)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(answer, maxMetadata+1))
	_ = answer.Close()
	if err != nil {
		return nil, err
	}
	if len(text) > maxMetadata {
		return nil, fmt.Errorf("a page of %s is larger than %d MiB", plural, maxMetadata>>20)
	}
	var page metav1.PartialObjectMetadataList
	if err := json.Unmarshal(text, &page); err != nil {
		return nil, fmt.Errorf("read the list of %s: %w", plural, io.ErrUnexpectedEOF)
	}
	return &page, nil
}

// dynamicMetadata lists whole objects: a dynamic client can ask for nothing less. So a page is small.
type dynamicMetadata struct{ dyn dynamic.Interface }

func (m dynamicMetadata) listMetadata(
	ctx context.Context, plural, namespace string, opts metav1.ListOptions,
) (*metav1.PartialObjectMetadataList, error) {
	const most = 50
	opts.Limit = min(opts.Limit, most)
	objects, err := m.dyn.Resource(resource(plural)).Namespace(namespace).List(ctx, opts)
	if err != nil {
		return nil, err
	}
	page := &metav1.PartialObjectMetadataList{ListMeta: metav1.ListMeta{Continue: objects.GetContinue()}}
	for i := range objects.Items {
		obj := &objects.Items[i]
		page.Items = append(page.Items, metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
			Name: obj.GetName(), Annotations: obj.GetAnnotations(),
		}})
	}
	return page, nil
}
