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

	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/client-go/rest"
)

// errLost marks an answer that is not passed on.
var errLost = errors.New("the answer is lost")

// errReset ends an answer in the middle.
var errReset = errors.New("the stream is reset")

// AnswersOptions say what a proxy does to what passes through it. The hooks are called from
// many goroutines; nil ones change nothing.
type AnswersOptions struct {
	// HTTP1 serves HTTP/1.1 only: a lost answer is then a closed connection. Otherwise clients
	// speak HTTP/2 with it, as with an API server, and a lost answer is a stream that is reset.
	HTTP1 bool
	// LoseEvery loses each so-manieth answer, of all clients together, after the server has
	// acted; 0: none. Watches are not counted.
	LoseEvery int
	// Reset reports whether the stream is reset in the middle of the answer's body: of a watch, in
	// the middle of the next event, for each of which it is called. With HTTP1 the connection is closed.
	Reset func(*http.Request) bool
	// Request changes a request before it is sent on.
	Request func(*http.Request)
	// Body changes the body of a successful answer, other than a watch's.
	Body func(r *http.Request, body []byte) []byte
	// Event changes a line of a watch: the JSON of one event, without the line's end.
	Event func(line []byte) []byte
}

// Answers is an HTTPS proxy on loopback in front of an API server. Who comes without a token
// is who the proxy itself is to the server.
type Answers struct {
	opts      AnswersOptions
	target    *url.URL
	transport http.RoundTripper
	server    *httptest.Server

	mu       sync.Mutex
	answers  int
	lost     int
	resets   int
	released chan struct{} // closed unless watches are held back
}

// NewAnswers starts a proxy that speaks to the API server as cfg says. End it with Close.
func NewAnswers(cfg *rest.Config, opts AnswersOptions) (*Answers, error) {
	target, err := url.Parse(cfg.Host)
	if err != nil {
		return nil, fmt.Errorf("parse the server's address: %w", err)
	}
	own := rest.CopyConfig(cfg)
	own.Dial = (&Conns{}).Dial // a connection of its own, which Close can close
	a := &Answers{opts: opts, target: target, released: make(chan struct{})}
	close(a.released)
	if a.transport, err = rest.TransportFor(own); err != nil {
		return nil, fmt.Errorf("make the proxy's client: %w", err)
	}
	a.server = httptest.NewUnstartedServer(&httputil.ReverseProxy{
		Rewrite:        a.rewrite,
		Transport:      a.transport,
		FlushInterval:  -1, // a watch's events are not held back
		ModifyResponse: a.answer,
		ErrorHandler:   func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
		ErrorLog:       log.New(io.Discard, "", 0),
	})
	a.server.EnableHTTP2 = !opts.HTTP1
	a.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	a.server.StartTLS()
	return a, nil
}

// Config is the configuration of a client that goes through the proxy, without credentials.
func (a *Answers) Config() *rest.Config {
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.server.Certificate().Raw})
	return &rest.Config{Host: a.server.URL, QPS: -1, TLSClientConfig: rest.TLSClientConfig{CAData: certificate}}
}

// Lost is how many answers were lost.
func (a *Answers) Lost() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lost
}

// Resets is how many streams were reset.
func (a *Answers) Resets() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.resets
}

// HoldWatches keeps back whatever watches bring, without closing them: they go silent. The
// connections stay good. Release lets it through.
func (a *Answers) HoldWatches() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.released = make(chan struct{})
}

// Release ends what HoldWatches began.
func (a *Answers) Release() {
	a.mu.Lock()
	defer a.mu.Unlock()
	select {
	case <-a.released:
	default:
		close(a.released)
	}
}

// Close ends the proxy with all its connections.
func (a *Answers) Close() {
	a.Release()
	a.server.CloseClientConnections()
	a.server.Close()
	utilnet.CloseIdleConnectionsFor(a.transport)
}

func (a *Answers) rewrite(r *httputil.ProxyRequest) {
	r.SetURL(a.target)
	r.Out.Host = a.target.Host
	if a.opts.Request != nil {
		a.opts.Request(r.Out)
	}
}

// answer is called for each answer of the server. An error closes the client's stream without
// one.
func (a *Answers) answer(resp *http.Response) error {
	if IsWatch(resp.Request) {
		resp.Body = a.watchBody(resp)
		return nil
	}
	if a.loses() {
		_, err := io.Copy(io.Discard, resp.Body) // so that the server is done
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
	if reset {
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(body[:len(body)/2]), failing{}))
	}
	return nil
}

// resetting reports whether an answer, or an event of a watch, is to be reset, and counts it.
func (a *Answers) resetting(r *http.Request) bool {
	if a.opts.Reset == nil || !a.opts.Reset(r) {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.resets++
	return true
}

// failing is the rest of a body that is reset: the proxy aborts the stream for its error.
type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errReset }

func (a *Answers) loses() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.answers++
	if a.opts.LoseEvery == 0 || a.answers%a.opts.LoseEvery != 0 {
		return false
	}
	a.lost++
	return true
}

// IsWatch tells a watch from other requests.
func IsWatch(r *http.Request) bool {
	watch := r.URL.Query().Get("watch")
	return watch == "true" || watch == "1"
}

// watchBody passes on a watch line by line.
func (a *Answers) watchBody(resp *http.Response) io.ReadCloser {
	return &watchBody{
		answers: a,
		request: resp.Request,
		lines:   bufio.NewReader(resp.Body),
		Closer:  resp.Body,
	}
}

type watchBody struct {
	io.Closer

	answers *Answers
	request *http.Request
	lines   *bufio.Reader
	rest    []byte // of the line that is being read
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
