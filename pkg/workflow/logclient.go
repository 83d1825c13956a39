package workflow

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
)

// newLogsClient makes the client that logs are read with. They are plain text; all that
// has to be decoded is the Status of a refusal, so no scheme of core/v1 is needed.
func newLogsClient(cfg *rest.Config) (rest.Interface, error) {
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

// logQuery says which part of a container's log a request is for.
type logQuery struct {
	follow, previous bool
	since            time.Time // zero: from the beginning; the API takes whole seconds
	tail             *int64
}

// logOpener requests a container's log, as text with a time before each line. The text
// ends with ctx.
type logOpener func(ctx context.Context, query logQuery) (io.ReadCloser, error)

// logOpener is that of a container. It blocks until the kubelet sends something, which for
// a log that is followed and empty can take for ever.
func (c *WorkflowClient) logOpener(pod, container string) logOpener {
	return func(ctx context.Context, query logQuery) (io.ReadCloser, error) {
		req := c.logs.Get().Namespace(c.namespace).Resource("pods").Name(pod).SubResource("log").
			Param("container", container).
			Param("timestamps", "true")
		if query.follow {
			req.Param("follow", "true")
		}
		if query.previous {
			req.Param("previous", "true")
		}
		if !query.since.IsZero() {
			req.Param("sinceTime", query.since.UTC().Format(time.RFC3339))
		}
		if query.tail != nil {
			req.Param("tailLines", strconv.FormatInt(*query.tail, 10))
		}
		return req.Stream(ctx)
	}
}
