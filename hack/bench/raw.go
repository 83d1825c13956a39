package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/bench/bulkload"
)

// rawClient sends plain HTTP requests, over connections like those of the other clients.
type rawClient struct {
	http *http.Client
	url  string // of the namespace's workflows
}

func newRawClient(cfg *rest.Config) (*rawClient, error) {
	client, err := rest.HTTPClientFor(cfg)
	if err != nil {
		return nil, err
	}
	server, _, err := rest.DefaultServerUrlFor(cfg)
	if err != nil {
		return nil, err
	}
	return &rawClient{
		http: client,
		url:  server.JoinPath("apis/argoproj.io/v1alpha1/namespaces", bulkload.Namespace, "workflows").String(),
	}, nil
}

// get returns the answer's bytes.
func (c *rawClient) get(ctx context.Context, name string) ([]byte, error) {
	return c.do(ctx, http.MethodGet, c.url+"/"+name, nil)
}

func (c *rawClient) getDecoded(ctx context.Context, name string) (object map[string]any, err error) {
	answer, err := c.get(ctx, name)
	if err != nil {
		return nil, err
	}
	err = json.Unmarshal(answer, &object)
	return object, err
}

// post creates the workflow that the bytes are.
func (c *rawClient) post(ctx context.Context, body []byte) ([]byte, error) {
	return c.do(ctx, http.MethodPost, c.url+"?fieldValidation=Strict", body)
}

func (c *rawClient) do(ctx context.Context, method, url string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return answer, err
}
