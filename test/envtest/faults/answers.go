package faults

import (
	"bufio"
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing/iotest"

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// errLost marks a response that is not passed on.
var errLost = errors.New("the answer is lost")

// errReset ends a response in the middle.
var errReset = errors.New("the stream is reset")

// AnswersOptions configures a proxy. The hooks are called concurrently. Nil hooks change nothing.
type AnswersOptions struct {
	// HTTP1 serves HTTP/1.1 only, where a lost response is a closed connection. Otherwise clients
	// use HTTP/2, as with an API server, and a lost response is a stream that is reset.
	HTTP1 bool
	// LoseEvery is n if the proxy loses every nth response, counted over all clients, after the
	// server has acted. 0 means none. Watches are not counted.
	LoseEvery int
	// Reset reports whether the stream is reset in the middle of the response's body. For a watch
	// it is called for each event, and resets the stream in the middle of the next one. With HTTP1
	// the connection is closed.
	Reset func(*http.Request) bool
	// Request changes a request before it is forwarded.
	Request func(*http.Request)
	// Body changes the body of a successful response that is not a watch's. It is not compressed.
	Body func(r *http.Request, body []byte) []byte
	// Event changes a line of a watch: the JSON of one event, without the line feed.
	Event func(line []byte) []byte
}

// Answers is an HTTPS proxy on loopback in front of an API server. A client without a token has the
// proxy's own identity.
type Answers struct {
	opts      AnswersOptions
	target    *url.URL
	transport http.RoundTripper
	server    *httptest.Server

	answers, lost, resets atomic.Int64

	mu       sync.Mutex
	released chan struct{} // closed unless watches are held back
}

// NewAnswers starts a proxy that connects to the API server as configured by cfg. The caller must
// call Close.
func NewAnswers(cfg *rest.Config, opts AnswersOptions) (*Answers, error) {
	target, err := url.Parse(cfg.Host)
	if err != nil {
		return nil, fmt.Errorf("parse the server's address: %w", err)
	}
	own := rest.CopyConfig(cfg)
	own.Dial = (&Conns{}).Dial // a dialer of its own, so that Close can close its connections
	a := &Answers{opts: opts, target: target, released: make(chan struct{})}
	close(a.released)
	if a.transport, err = rest.TransportFor(own); err != nil {
		return nil, fmt.Errorf("make the proxy's client: %w", err)
	}
	a.server = httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite:        a.rewrite,
		Transport:      a.transport,
		FlushInterval:  -1, // a watch's events are not buffered
		ModifyResponse: a.answer,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       log.New(io.Discard, "", 0),
	})
	a.server.EnableHTTP2 = !opts.HTTP1
	a.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	a.server.StartTLS()
	return a, nil
}

// Config returns the configuration, without credentials, of a client that uses the proxy.
func (a *Answers) Config() *rest.Config {
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	return &rest.Config{Host: a.server.URL, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: certificate}}
}

// Lost returns the number of lost responses.
func (a *Answers) Lost() int { return int(a.lost.Load()) }

// Resets returns the number of streams that were reset.
func (a *Answers) Resets() int { return int(a.resets.Load()) }

// HoldWatches holds back the data of all watches until Release. The watches stay open but become
// silent; their connections stay usable.
func (a *Answers) HoldWatches() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.released = make(chan struct{})
}

// Release ends HoldWatches.
func (a *Answers) Release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.released:
	default:
		close(a.released)
	}
}

// Close stops the proxy and closes all its connections.
func (a *Answers) Close() {
	a.Release()
	a.server.CloseClientConnections()
	a.server.Close()
	utilnet.CloseIdleConnectionsFor(a.transport)
}

func (a *Answers) rewrite(r *httputil.ProxyRequest) {
	r.SetURL(a.target)
	r.Out.Host = a.target.Host
	if a.opts.Body != nil {
		// The server compresses large bodies for clients that accept that, such as client-go.
		// Without their header, the proxy's transport accepts it instead, and decompresses them.
		r.Out.Header.Del("Accept-Encoding")
	}
	if a.opts.Request != nil {
		a.opts.Request(r.Out)
	}
}

// answer is called for each response of the server. If it returns an error, the client's stream is
// closed without a response.
func (a *Answers) answer(resp *http.Response) error {
	if IsWatch(resp.Request) {
		resp.Body = &watchBody{
			answers: a, request: resp.Request, lines: bufio.NewReader(resp.Body), Closer: resp.Body,
		}
		return nil
	}
	if a.loses() {
		_, err := io.Copy(io.Discard, resp.Body) // so that the server has completed the request
		return errors.Join(errLost, err)
	}
	if resp.StatusCode >= http.StatusMultipleChoices {
		return nil
	}
	reset := a.resetting(resp.Request)
	if a.opts.Body == nil && !reset {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if err := resp.Body.Close(); err != nil {
		return err
	}
	if a.opts.Body != nil {
		body = a.opts.Body(resp.Request, body)
	}
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", fmt.Sprint(len(body)))
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if reset { // the error makes the proxy abort the stream
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), iotest.ErrReader(errReset)))
	}
	return nil
}

// resetting reports whether a response, or an event of a watch, must be reset, and counts it.
func (a *Answers) resetting(r *http.Request) bool {
	if a.opts.Reset == nil || !a.opts.Reset(r) {
		return false
	}
	a.resets.Add(1)
	return true
}

// loses reports whether a response must be lost, and counts it.
func (a *Answers) loses() bool {
	if a.opts.LoseEvery == 0 || a.answers.Add(1)%int64(a.opts.LoseEvery) != 0 {
		return false
	}
	a.lost.Add(1)
	return true
}

// IsWatch reports whether a request is a watch.
func IsWatch(r *http.Request) bool {
	watch := r.URL.Query().Get("watch")
	return watch == "true" || watch == "1"
}

// watchBody passes on a watch line by line.
type watchBody struct {
	io.Closer

	answers *Answers
	request *http.Request
	lines   *bufio.Reader
	rest    []byte // of the current line
	reset   bool   // after the rest
}

func (b *watchBody) Read(p []byte) (int, error) {
	if len(b.rest) == 0 {
		if b.reset {
			return 0, errReset
		}
		line, err := b.lines.ReadBytes('\n')
		if err != nil {
			return 0, err
		}
		b.answers.mu.Lock()
		released := b.answers.released
		b.answers.mu.Unlock()
		select {
		case <-released:
		case <-b.request.Context().Done():
			return 0, io.ErrUnexpectedEOF
		}
		if event := b.answers.opts.Event; event != nil {
			line = append(event(bytes.TrimSuffix(line, []byte("\n"))), '\n')
		}
		if b.reset = b.answers.resetting(b.request); b.reset {
			line = line[:len(line)/2]
		}
		b.rest = line
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}
