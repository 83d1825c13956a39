package opensearchtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// SigV4 is what a signed request has to be. That it was signed with the right key is not checked,
// only its form: the scope, that host and date are signed, and that the hash is that of the body.
type SigV4 struct {
	// AccessKeyID, Region and Service are those of the scope; "": any.
	AccessKeyID, Region, Service string
	// Host is what the request must be signed for; "": any.
	Host string
}

// admit checks who sends a request; nil: it may pass.
func (c *Cluster) admit(in *request) *answer {
	if c.options.Username != "" {
		name, password, ok := (&http.Request{Header: in.header}).BasicAuth()
		if !ok || !same(name, c.options.Username) || !same(password, c.options.Password) {
			return &answer{status: http.StatusUnauthorized, body: []byte("Unauthorized"),
				header: map[string]string{"WWW-Authenticate": `Basic realm="OpenSearch Security"`, "Content-Type": "text/plain; charset=UTF-8"}}
		}
	}
	if c.options.SigV4 != nil {
		if reason := c.options.SigV4.problem(in); reason != "" {
			return answerJSON(http.StatusForbidden, map[string]string{"message": reason})
		}
	}
	return nil
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// problem says what is wrong with the signature; "": nothing.
func (s *SigV4) problem(in *request) string {
	form := regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^/,]+)/(\d{8})/([^/,]+)/([^/,]+)/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$`)
	parts := form.FindStringSubmatch(in.header.Get("Authorization"))
	if parts == nil {
		return "Missing Authentication Token"
	}
	date := in.header.Get("X-Amz-Date")
	signed := strings.Split(parts[5], ";")
	sum := sha256.Sum256(in.body)
	switch {
	case s.AccessKeyID != "" && parts[1] != s.AccessKeyID:
		return "The security token included in the request is invalid"
	case s.Region != "" && parts[3] != s.Region, s.Service != "" && parts[4] != s.Service:
		return "Credential should be scoped to a valid region and a correct service"
	case !regexp.MustCompile(`^\d{8}T\d{6}Z$`).MatchString(date) || !strings.HasPrefix(date, parts[2]):
		return "the date is not that of the scope"
	case !slices.Contains(signed, "host") || !slices.Contains(signed, "x-amz-date"):
		return "host and x-amz-date must be signed"
	case s.Host != "" && in.host != s.Host:
		return "The request signature does not match: it is for another host"
	case in.header.Get("X-Amz-Content-Sha256") != hex.EncodeToString(sum[:]):
		return "the hash is not that of the body"
	}
	return ""
}
