package backfill

import (
	"encoding/json"
	"fmt"
	"log/slog"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
)

// Some types of a configuration can hold a secret that is not a Secret. It is masked when they are
// printed, logged or written as JSON.

type (
	plainArgo    Argo
	plainCluster Cluster
	plainS3      S3Repository
	plainGCS     GCSRepository
)

func (a Argo) sealed() Argo {
	a.Parameters = sealed(a.Parameters)
	return a
}

func (c Cluster) scrubbed() plainCluster {
	c.Endpoint, c.SigV4SigningEndpoint = secret.ScrubPlace(c.Endpoint), secret.ScrubPlace(c.SigV4SigningEndpoint)
	return plainCluster(c)
}

func (r S3Repository) scrubbed() plainS3 {
	r.URI, r.Endpoint = secret.ScrubPlace(r.URI), secret.ScrubPlace(r.Endpoint)
	return plainS3(r)
}

func (r GCSRepository) scrubbed() plainGCS {
	r.URI, r.Endpoint = secret.ScrubPlace(r.URI), secret.ScrubPlace(r.Endpoint)
	return plainGCS(r)
}

func format(to fmt.State, verb rune, shown any) {
	_, _ = fmt.Fprintf(to, fmt.FormatString(to, verb), shown)
}

// Format implements [fmt.Formatter]; secrets among the parameters are masked.
func (a Argo) Format(to fmt.State, verb rune) { format(to, verb, plainArgo(a.sealed())) }

// LogValue implements [slog.LogValuer]; secrets among the parameters are masked.
func (a Argo) LogValue() slog.Value { return slog.AnyValue(plainArgo(a.sealed())) }

// MarshalJSON implements [json.Marshaler]; secrets among the parameters are masked.
func (a Argo) MarshalJSON() ([]byte, error) { return json.Marshal(plainArgo(a.sealed())) }

// Format implements [fmt.Formatter]; a user and password in a URL are masked.
func (c Cluster) Format(to fmt.State, verb rune) { format(to, verb, c.scrubbed()) }

// LogValue implements [slog.LogValuer]; a user and password in a URL are masked.
func (c Cluster) LogValue() slog.Value { return slog.AnyValue(c.scrubbed()) }

// MarshalJSON implements [json.Marshaler]; a user and password in a URL are masked.
func (c Cluster) MarshalJSON() ([]byte, error) { return json.Marshal(c.scrubbed()) }

// Format implements [fmt.Formatter]; a user and password in a URL are masked.
func (r S3Repository) Format(to fmt.State, verb rune) { format(to, verb, r.scrubbed()) }

// LogValue implements [slog.LogValuer]; a user and password in a URL are masked.
func (r S3Repository) LogValue() slog.Value { return slog.AnyValue(r.scrubbed()) }

// MarshalJSON implements [json.Marshaler]; a user and password in a URL are masked.
func (r S3Repository) MarshalJSON() ([]byte, error) { return json.Marshal(r.scrubbed()) }

// Format implements [fmt.Formatter]; a user and password in a URL are masked.
func (r GCSRepository) Format(to fmt.State, verb rune) { format(to, verb, r.scrubbed()) }

// LogValue implements [slog.LogValuer]; a user and password in a URL are masked.
func (r GCSRepository) LogValue() slog.Value { return slog.AnyValue(r.scrubbed()) }

// MarshalJSON implements [json.Marshaler]; a user and password in a URL are masked.
func (r GCSRepository) MarshalJSON() ([]byte, error) { return json.Marshal(r.scrubbed()) }
