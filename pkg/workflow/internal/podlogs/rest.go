package podlogs

import (
	"context"
	"io"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

// NewRESTClient returns a client to request logs with. It copies cfg, whose timeout must be 0. Over
// HTTP/2, its connections read less ahead than those of other clients.
func NewRESTClient(cfg *rest.Config) (rest.Interface, error) {
	// A log is plain text. All that is decoded is the Status of an error, so no scheme of core/v1
	// is needed.
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	own := rest.CopyConfig(cfg)
	limitReadAhead(own)
	own.APIPath = "/api"
	own.ContentConfig = rest.ContentConfig{
		GroupVersion:         &schema.GroupVersion{Version: "v1"},
		NegotiatedSerializer: serializer.NewCodecFactory(scheme).WithoutConversion(),
	}
	return rest.RESTClientFor(own)
}

// query says which part of a container's log to request.
type query struct {
	follow, previous bool
	since            time.Time // zero: from the beginning; the API takes whole seconds
	tail             *int64
}

// opener requests a container's log with a time before each line. The log ends with ctx.
type opener func(ctx context.Context, q query) (io.ReadCloser, error)

// opener returns the opener of a container's log. It blocks until the kubelet sends something,
// which may take forever for a log that is followed and empty.
func (c *Client) opener(pod, container string) opener {
	return func(ctx context.Context, q query) (io.ReadCloser, error) {
		req := source.Once{Interface: c.REST}.Get().Namespace(c.Namespace).Resource("pods").Name(pod).SubResource("log").
			Param("container", container).
			Param("timestamps", "true")
		if q.follow {
			req.Param("follow", "true")
		}
		if q.previous {
			req.Param("previous", "true")
		}
		if !q.since.IsZero() {
			req.Param("sinceTime", q.since.UTC().Format(time.RFC3339))
		}
		if q.tail != nil {
			req.Param("tailLines", strconv.FormatInt(*q.tail, 10))
		}
		return req.Stream(ctx)
	}
}
