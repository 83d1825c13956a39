package opensearch_test

import (
	"crypto/tls"
	"net/http"
)

// insecure is for test servers, which may have any certificate.
func insecure() *http.Transport {
	return &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}
