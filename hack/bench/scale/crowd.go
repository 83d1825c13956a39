package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"text/template"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

func workflows() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}
}

// crowd is the workflows of one namespace. Each may be written by one goroutine at a time.
type crowd struct {
	client    rest.Interface
	namespace string
	template  *template.Template
	stages    []stage
	versions  []string
	bytes     atomic.Int64 // of the object that was created last, as clients receive it
}

func newCrowd(cfg *rest.Config, namespace string, size int) (*crowd, error) {
	gv := workflows().GroupVersion()
	cfg = rest.CopyConfig(cfg)
	cfg.QPS = -1
	cfg.NextProtos = []string{"http/1.1"} // costs both sides less than HTTP/2
	cfg.APIPath, cfg.GroupVersion, cfg.NegotiatedSerializer = "/apis", &gv, scheme.Codecs.WithoutConversion()
	client, err := rest.RESTClientFor(cfg)
	if err != nil {
		return nil, err
	}
	return &crowd{
		client: client, namespace: namespace, template: parseTemplate(),
		stages: make([]stage, size), versions: make([]string, size),
	}, nil
}

// create creates all of them, running.
func (c *crowd) create(ctx context.Context) error {
	return inParallel(ctx, len(c.stages), func(ctx context.Context, index int) error {
		size, err := c.write(ctx, c.client.Post(), index, stage{})
		c.bytes.Store(int64(size))
		return err
	})
}

// move writes a workflow's next stage, as the whole object: the controller writes it so too.
func (c *crowd) move(ctx context.Context, index int, next stage) error {
	const metadataOnly = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io" // less work for the API server
	_, err := c.write(ctx, c.client.Put().Name(nameOf(index)).SetHeader("Accept", metadataOnly), index, next)
	return err
}

// write returns how many bytes the API server has answered. It omits the search for unknown fields,
// for which the API server would read every object twice.
func (c *crowd) write(ctx context.Context, req *rest.Request, index int, next stage) (size int, err error) {
	object, err := workflowJSON(c.template, index, next, c.versions[index])
	if err != nil {
		return 0, err
	}
	text, err := req.Namespace(c.namespace).Resource(workflows().Resource).Param("fieldValidation", "Ignore").
		SetHeader("Content-Type", "application/json").Body(object).DoRaw(ctx)
	if err != nil {
		return 0, fmt.Errorf("write %s: %w", nameOf(index), err)
	}
	var answer metav1.PartialObjectMetadata
	if err := json.Unmarshal(text, &answer); err != nil {
		return 0, fmt.Errorf("write %s: %w", nameOf(index), err)
	}
	c.stages[index], c.versions[index] = next, answer.ResourceVersion
	return len(text), nil
}

// collectGarbage makes the API server do so, by asking for a profile of its memory. With thousands
// of workflows that takes seconds, which are better spent before something is measured.
func (c *crowd) collectGarbage(ctx context.Context) error {
	_, err := c.client.Get().AbsPath("/debug/pprof/heap").Param("gc", "1").DoRaw(ctx)
	return err
}

// writers is the highest number of writes in flight: enough for the rate if a busy API server
// takes a tenth of a second for one.
const writers = 24

// inParallel calls do for each index until one fails, and returns that error.
func inParallel(ctx context.Context, count int, do func(ctx context.Context, index int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(writers)
	for index := range count {
		group.Go(func() error { return do(ctx, index) })
	}
	return group.Wait()
}
