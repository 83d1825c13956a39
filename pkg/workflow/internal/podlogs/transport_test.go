package podlogs

import (
	"bytes"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/client-go/rest"
)

// Data that the consumer has not read stays on the server, also over HTTP/2.
func TestReadAheadIsLimited(t *testing.T) {
	var written atomic.Int64
	wrapped, plain := false, false
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor != 2 {
			t.Errorf("%s", r.Proto)
		}
		piece := bytes.Repeat([]byte("x"), 16<<10)
		for range 8 << 20 / len(piece) {
			// A write fails if the client reads nothing for a second.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Second))
			n, err := w.Write(piece)
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	client, err := NewRESTClient(&rest.Config{
		Host: server.URL, TLSClientConfig: rest.TLSClientConfig{CAData: ca},
		WrapTransport: func(next http.RoundTripper) http.RoundTripper {
			wrapped = true
			_, plain = next.(*http.Transport)
			return next
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !plain {
		t.Skip("the transport of this client-go has a type of its own and is left as it is")
	}
	body, err := (&Client{REST: client, Namespace: "ns"}).opener("p", "main")(t.Context(), query{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = body.Close() }()
	if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	server.Close() // blocks until the handler has returned
	const buffers = 64 << 10
	if n := written.Load(); n > readAhead+buffers || !wrapped {
		t.Errorf("%d KiB were sent ahead, the host's wrapper is used: %v", n>>10, wrapped)
	}
}
