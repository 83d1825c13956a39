package envtest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"k8s.io/client-go/rest"
)

// Compact makes etcd discard all but the current state, as the API server does every five minutes.
// A list with an older continue token, or a watch from an older version, then receives 410 Gone, if
// the API server has to ask etcd.
func (c *Cluster) Compact(ctx context.Context) error {
	// "AA==" is the key \0. Only the header of the response is needed.
	data, err := c.callEtcd(ctx, "/v3/kv/range", `{"key": "AA=="}`)
	if err != nil {
		return err
	}
	var now struct{ Header struct{ Revision string } }
	if err := json.Unmarshal(data, &now); err != nil {
		return fmt.Errorf("read revision of etcd: %w", err)
	}
	compaction := fmt.Sprintf(`{"revision": %q, "physical": true}`, now.Header.Revision)
	_, err = c.callEtcd(ctx, "/v3/kv/compaction", compaction)
	return err
}

// callEtcd calls the JSON gateway of etcd's gRPC API.
func (c *Cluster) callEtcd(ctx context.Context, path, body string) ([]byte, error) {
	data, err := request(http.MethodPost, c.etcdURL).AbsPath(path).Body([]byte(body)).DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("call etcd: %s: %w", path, err)
	}
	return data, nil
}

// request returns a request to a server other than the API server, over a connection of its own.
func request(verb string, base *url.URL) *rest.Request {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	return rest.NewRequestWithClient(base, "", rest.ClientContentConfig{}, client).Verb(verb)
}
