package backfill

import (
	"net"
	"net/url"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
)

// place is a URL of the configuration.
type place struct {
	path *field.Path
	url  string
}

func (c Config) places() (places []place) {
	for _, cluster := range c.clusters() {
		path := field.NewPath(cluster.name)
		places = append(places, place{path.Child("endpoint"), cluster.Endpoint},
			place{path.Child("sigv4_signing_endpoint"), cluster.SigV4SigningEndpoint})
	}
	if c.Snapshot == nil {
		return places
	}
	if s3, path := c.Snapshot.S3, field.NewPath("snapshot", "s3"); s3 != nil {
		places = append(places, place{path.Child("repo_uri"), s3.URI}, place{path.Child("endpoint"), s3.Endpoint})
	}
	if gcs, path := c.Snapshot.GCS, field.NewPath("snapshot", "gcs"); gcs != nil {
		places = append(places, place{path.Child("repo_uri"), gcs.URI}, place{path.Child("endpoint"), gcs.Endpoint})
	}
	return places
}

// secretProblems returns a problem for each URL that contains a user or password, since URLs are
// printed, logged and passed on, and for a password that is the mask of one.
func (c Config) secretProblems() (problems field.ErrorList) {
	for _, p := range c.places() {
		if secret.HasUserinfo(p.url) {
			problems = append(problems, field.Invalid(p.path, field.OmitValueType{}, "must not contain a user or password; use basic_auth"))
		}
	}
	for _, cluster := range c.clusters() {
		if cluster.Basic != nil && cluster.Basic.Password.Reveal() == secret.Mark {
			problems = append(problems, field.Invalid(field.NewPath(cluster.name, "basic_auth", "password"),
				field.OmitValueType{}, errMasked.Error()))
		}
	}
	return problems
}

// insecureProblems returns a problem for basic authentication over an unencrypted connection.
func (c clusterSection) insecureProblems() field.ErrorList {
	if c.Basic == nil || c.AllowInsecure {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	if err == nil && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath(c.name, "endpoint"), field.OmitValueType{},
		"must be https:// or a loopback address with basic_auth, since http:// exposes the password to the network; set allow_insecure: true to permit that")}
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
