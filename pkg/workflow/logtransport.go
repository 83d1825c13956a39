package workflow

import (
	"net/http"
	"time"

	"k8s.io/client-go/rest"
)

// logReadAhead is how much of a log net/http reads ahead over HTTP/2. Its default is 4 MiB.
const logReadAhead = 128 << 10

// limitReadAhead gives cfg HTTP/2 connections that read little ahead of each answer. A transport
// that the host has made stays as it is, and so does that of client-go 0.37, which is of a kind of
// its own: it reads as far ahead as net/http does by default.
func limitReadAhead(cfg *rest.Config) {
	wrap := cfg.WrapTransport
	cfg.WrapTransport = func(rt http.RoundTripper) http.RoundTripper {
		if made, ok := rt.(*http.Transport); ok && cfg.Transport == nil {
			rt = withReadAhead(made, logReadAhead)
		}
		if wrap != nil {
			rt = wrap(rt)
		}
		return rt
	}
}

// withReadAhead returns a copy of a transport of client-go, which is shared by its clients, with
// connections of its own.
func withReadAhead(made *http.Transport, most int) *http.Transport {
	own := made.Clone()
	if own.TLSNextProto["h2"] == nil {
		return made // it speaks HTTP/1 only, whose connections read 4 KiB ahead
	}
	own.TLSNextProto = nil // it is of the connections of the other
	own.ForceAttemptHTTP2 = true
	own.HTTP2 = &http.HTTP2Config{
		MaxReceiveBufferPerStream: most,
		// As client-go has it: a connection that has died is noticed.
		SendPingTimeout: 30 * time.Second,
		PingTimeout:     15 * time.Second,
	}
	return own
}
