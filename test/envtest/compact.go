package envtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Compact makes etcd discard all but the current state, as the API server does every five minutes.
// A list with an older continue token, or a watch from an older version, then receives 410 Gone, if
// the API server has to ask etcd.
func (c *Cluster) Compact(ctx context.Context) error {
	var now struct {
		Header struct {
			Revision string `json:"revision"`
		} `json:"header"`
	}
	// "AA==" is the key \0. Only the header of the response is needed.
	if err := c.callEtcd(ctx, "/v3/kv/range", map[string]any{"key": "AA=="}, &now); err != nil {
		return err
	}
	return c.callEtcd(ctx, "/v3/kv/compaction", map[string]any{"revision": now.Header.Revision, "physical": true}, nil)
}

// callEtcd calls the JSON gateway of etcd's gRPC API.
func (c *Cluster) callEtcd(ctx context.Context, path string, body, answer any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.etcdURL.JoinPath(path).String(), bytes.NewReader(data))
	if err != nil {
		return err
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return fmt.Errorf("call etcd: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("call etcd: %s answers %s", path, resp.Status)
	}
	if answer == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}
