package argoserver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync/atomic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Client is a client of an Argo server. It is safe for concurrent use.
type Client struct {
	opts Options
	base *url.URL
	http *http.Client

	// hasArchive is set once the server has answered as one with an archive does.
	hasArchive atomic.Bool
}

var _ workflow.History = (*Client)(nil)

// New returns a client of an Argo server. It sends nothing. The error is a [*workflow.InvalidError].
func New(opts Options) (*Client, error) {
	opts, base, err := opts.withDefaults()
	if err != nil {
		return nil, err
	}
	own := *opts.HTTP
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{opts: opts, base: base, http: &own}, nil
}

// request is a request to the server.
type request struct {
	method string     // GET if empty
	path   []string   // below Options.URL; no element is empty or consists of dots
	query  url.Values // may be nil
	body   any        // sent as JSON unless it is nil
}

// read sends a request, and returns the body of its response. The error is a [*failure].
func (c *Client) read(ctx context.Context, r request) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, c.opts.Timeout, &timeoutError{c.opts.Timeout})
	defer cancel()
	response, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(c.opts.MaxSize)+1))
	if err != nil {
		return nil, lost(ctx, err)
	}
	if len(body) > c.opts.MaxSize {
		return nil, &failure{
			status: response.StatusCode, tooLarge: true, sent: true,
			text: fmt.Sprintf("the server's answer exceeds the limit of %d bytes; see Options.MaxSize", c.opts.MaxSize),
		}
	}
	return body, nil
}

// send sends a request. If it returns a response, that is 200, and the caller must close its body.
func (c *Client) send(ctx context.Context, r request) (*http.Response, error) {
	elements := make([]string, len(r.path))
	for i, element := range r.path {
		elements[i] = url.PathEscape(element)
	}
	to := c.base.JoinPath(elements...)
	to.RawQuery = r.query.Encode()
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, &failure{text: "the request cannot be written as JSON"}
		}
		body = bytes.NewReader(text)
	}
	message, err := http.NewRequestWithContext(ctx, r.method, to.String(), body)
	if err != nil {
		return nil, &failure{text: "the request cannot be made"} // its URL was parsed before
	}
	if body != nil {
		message.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(message)
	if err != nil {
		return nil, lost(ctx, err)
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	defer func() { _ = response.Body.Close() }()
	return nil, refusal(response)
}
