package opensearch

import (
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"regexp"
	"strings"
	"syscall"
)

func (c *cluster) useHTTPS() string { return "use https:// in " + c.section + ".endpoint" }

// schemeHint returns what to change in the endpoint if an error shows that it has the wrong scheme,
// or "". A server that expects TLS closes a connection without it. Since that has other reasons too,
// it leads to a hint only until the cluster has answered for the first time.
func (c *cluster) schemeHint(err error) string {
	if strings.HasPrefix(strings.ToLower(c.endpoint), "https:") {
		var record tls.RecordHeaderError
		if errors.As(err, &record) || errors.Is(err, http.ErrSchemeMismatch) {
			return "the port answers without TLS; use http:// in " + c.section + ".endpoint, or the port that has TLS"
		}
		return ""
	}
	if strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`) { // an alert of TLS
		return "the port expects TLS; " + c.useHTTPS()
	}
	closed := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
	if closed && !c.answered.Load() {
		return "the connection was closed without an answer; if the port expects TLS, " + c.useHTTPS()
	}
	return ""
}

// isPlainOnTLS reports whether a refusal is that of a server which expects TLS, as nginx and servers
// in Go word it.
func isPlainOnTLS(status int, reason string) bool {
	return status == http.StatusBadRequest && regexp.MustCompile(`(?i)HTTP request (was sent )?to (an )?HTTPS (server|port)`).MatchString(reason)
}
