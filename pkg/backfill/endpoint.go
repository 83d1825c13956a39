package backfill

import (
	"net"
	"net/url"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// place is where the configuration says that something is.
type place struct {
	path *field.Path
	text string
}

func (c Config) places() []place {
	target := field.NewPath("target_cluster")
	places := []place{
		{target.Child("endpoint"), c.TargetCluster.Endpoint},
		{target.Child("sigv4_signing_endpoint"), c.TargetCluster.SigV4SigningEndpoint},
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

// userinfoProblems names the places that hold a user or password. A URL is shown, logged and handed
// on, so it must not hold them.
func (c Config) userinfoProblems() (problems field.ErrorList) {
	for _, p := range c.places() {
		if hasUserinfo(p.text) {
			problems = append(problems, field.Invalid(p.path, field.OmitValueType{}, "must have no user or password; use basic_auth"))
		}
	}
	return problems
}

// hasUserinfo looks for an @ before the path. A place may lack a scheme, and need not be a valid URL.
func hasUserinfo(place string) bool {
	return regexp.MustCompile(`^([^/?#]*://)?[^/?#]*@`).MatchString(place)
}

// insecureProblems finds basic authentication that the network would see.
func (c Cluster) insecureProblems() field.ErrorList {
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" || c.Basic == nil || c.AllowInsecure || loopback(u.Hostname()) {
		return nil
	}
	return field.ErrorList{field.Invalid(field.NewPath("target_cluster", "endpoint"), field.OmitValueType{},
		"with basic_auth must be https:// or on a loopback address: over http:// the network sees the password; allow_insecure: true allows that")}
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}
