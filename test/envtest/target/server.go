package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
)

// store holds the documents of the index that the workers share.
type store interface {
	// documents returns those of an index, or nil if there is no such index.
	documents(ctx context.Context, index string) (map[string]json.RawMessage, error)
	put(ctx context.Context, index, id string, source any) error
}

// target is a store that can be reached at a URL.
type target struct {
	store
	url    string
	served chan error // how the double has ended
	close  func()
}

// headerTimeout is what a client may take for the head of a request.
const headerTimeout = 10 * time.Second

// onDouble serves a double.
func onDouble(ctx context.Context, address string) (*target, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	cluster := double.New(double.Options{})
	server := &http.Server{Handler: cluster, ReadHeaderTimeout: headerTimeout}
	t := &target{
		store: doubled{cluster}, url: "http://" + listener.Addr().String(), served: make(chan error, 1),
		close: func() { _ = server.Close() },
	}
	go func() { t.served <- server.Serve(listener) }()
	return t, nil
}

// onServer uses a real server, which must demand no user.
func onServer(at string) (*target, error) {
	if u, err := url.Parse(at); err != nil || u.Host == "" || u.User != nil {
		return nil, errors.New("OPENSEARCH_URL must be a URL without a user")
	}
	client := &http.Client{Timeout: callTimeout}
	return &target{store: server{at, client}, url: at, close: client.CloseIdleConnections}, nil
}

// doubled is a store in the double of a cluster.
type doubled struct{ cluster *double.Cluster }

func (d doubled) documents(_ context.Context, index string) (map[string]json.RawMessage, error) {
	return d.cluster.Documents(index), nil
}

func (d doubled) put(_ context.Context, index, id string, source any) error {
	return d.cluster.Put(index, id, source)
}

// server is a store on a real server.
type server struct {
	url  string
	http *http.Client
}

// mostShards is how many documents an index can have, which is the server's limit for one answer.
const mostShards = 10_000

func (s server) documents(ctx context.Context, index string) (map[string]json.RawMessage, error) {
	if found, err := s.ask(ctx, http.MethodPost, "/"+index+"/_refresh", nil, nil); !found || err != nil {
		return nil, err
	}
	var answer struct {
		Hits struct {
			Hits []struct {
				ID     string          `json:"_id"`
				Source json.RawMessage `json:"_source"`
			} `json:"hits"`
		} `json:"hits"`
	}
	query := map[string]any{"size": mostShards}
	if found, err := s.ask(ctx, http.MethodPost, "/"+index+"/_search?allow_partial_search_results=false", query, &answer); !found || err != nil {
		return nil, err
	}
	documents := map[string]json.RawMessage{}
	for _, hit := range answer.Hits.Hits {
		documents[hit.ID] = hit.Source
	}
	return documents, nil
}

func (s server) put(ctx context.Context, index, id string, source any) error {
	_, err := s.ask(ctx, http.MethodPut, "/"+index+"/_doc/"+url.PathEscape(id), source, nil)
	return err
}

// ask sends a request and decodes its answer. It reports whether the index is there.
func (s server) ask(ctx context.Context, method, path string, body, answer any) (found bool, err error) {
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			return false, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, s.url+path, &sent)
	if err != nil {
		return false, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := s.http.Do(request)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	switch {
	case err != nil:
		return false, err
	case response.StatusCode == http.StatusNotFound && bytes.Contains(said, []byte("index_not_found_exception")):
		return false, nil
	case response.StatusCode/100 != 2:
		return false, fmt.Errorf("%s %s: status %d: %.500s", method, path, response.StatusCode, said)
	case answer == nil:
		return true, nil
	}
	return true, json.Unmarshal(said, answer)
}
