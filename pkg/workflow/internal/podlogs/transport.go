package podlogs

import (
	"net/http"
	"time"

	"k8s.io/client-go/rest"
)

// readAhead is how many bytes of a log net/http reads ahead over HTTP/2. Its default is 4 MiB.
const readAhead = 128 << 10

// limitReadAhead makes the HTTP/2 connections of cfg read at most readAhead bytes ahead of each
// response. A transport of the host remains as it is. So does that of client-go 0.37, whose type
// allows no such setting: it reads 4 MiB ahead.
func limitReadAhead(cfg *rest.Config) {
	wrap := cfg.WrapTransport
	cfg.WrapTransport = func(rt http.RoundTripper) http.RoundTripper {
		if made, ok := rt.(*http.Transport); ok && cfg.Transport == nil {
			rt = withReadAhead(made, readAhead)
		}
		if wrap != nil {
			rt = wrap(rt)
		}
		return rt
	}
}

// withReadAhead returns a copy of a transport with its own connections: client-go shares the
// original among its clients.
func withReadAhead(shared *http.Transport, limit int) *http.Transport {
	own := shared.Clone()
	if own.TLSNextProto["h2"] == nil {
		return shared // it speaks only HTTP/1, whose connections read 4 KiB ahead
	}
	own.TLSNextProto = nil // which would lead to the connections of the original
	own.ForceAttemptHTTP2 = true
	own.HTTP2 = &http.HTTP2Config{
		MaxReceiveBufferPerStream: limit,
		// The values of client-go, by which a dead connection is detected.
		SendPingTimeout: 30 * time.Second,
		PingTimeout:     15 * time.Second,
	}
	return own
}
