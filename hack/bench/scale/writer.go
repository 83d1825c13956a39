package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"k8s.io/client-go/rest"
)

// writer writes workflows of one namespace by plain HTTP requests, so that writing takes little
// of the machine from what is measured.
type writer struct {
	http   *http.Client
	server *url.URL
	url    string // of the namespace's workflows
}

func newWriter(cfg *rest.Config, namespace string) (*writer, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.NextProtos = []string{"http/1.1"} // costs both sides less than HTTP/2
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, err
	}
	server, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, err
	}
	url := server.JoinPath("apis/argoproj.io/v1alpha1/namespaces", namespace, "workflows").String()
	return &writer{http: client, server: server, url: url}, nil
}

// written is what the API server answered: the new version, and how many bytes the object has.
type written struct {
	version uint64
	bytes   int
}

func (w *writer) create(ctx context.Context, object []byte) (written, error) {
	return w.send(ctx, http.MethodPost, w.url, "application/json", object)
}

// replace writes the whole object, as the controller does.
func (w *writer) replace(ctx context.Context, name string, object []byte) (written, error) {
	return w.send(ctx, http.MethodPut, w.url+"/"+name, metadataOnly, object)
}

func (w *writer) get(ctx context.Context, name string) (written, error) {
	return w.send(ctx, http.MethodGet, w.url+"/"+name, metadataOnly, nil)
}

// metadataOnly spares the API server an answer with the whole object.
const metadataOnly = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"

// send leaves out the search for unknown fields, which would have the API server read every object twice.
func (w *writer) send(ctx context.Context, method, url, accept string, object []byte) (written, error) {
	req, err := http.NewRequestWithContext(ctx, method, url+"?fieldValidation=Ignore", bytes.NewReader(object))
	if err != nil {
		return written{}, err
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("Content-Type", "application/json")
	answer, err := w.answer(req)
	if err != nil {
		return written{}, err
	}
	version, ok := versionOf(answer)
	if !ok {
		return written{}, fmt.Errorf("%s %s: an answer without a version: %s", method, url, answer)
	}
	return written{version: version, bytes: len(answer)}, nil
}

// collectGarbage has the API server do so, by the way of asking for a profile of its memory. With
// thousands of workflows that takes it seconds, which are better spent before something is measured.
func (w *writer) collectGarbage(ctx context.Context) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.server.JoinPath("debug/pprof/heap").String()+"?gc=1", nil)
	if err != nil {
		return err
	}
	_, err = w.answer(req)
	return err
}

// answer is what the API server answers, unless it refuses.
func (w *writer) answer(req *http.Request) ([]byte, error) {
	resp, err := w.http.Do(req)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL, err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, fmt.Errorf("%s %s: %s: %s", req.Method, req.URL, resp.Status, answer)
	}
	return answer, nil
}
