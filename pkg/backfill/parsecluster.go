package backfill

import (
	"cmp"
	"net/url"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A cluster is written in one of two dialects: the console's own, with no_auth, basic_auth or sigv4,
// and that of the workflows, with authConfig and allowInsecure, in which no authentication at all
// need not be said.

func readCluster(s *section) Cluster {
	defer s.done()
	c := Cluster{
		Endpoint:             s.required("endpoint", "the cluster's URL"),
		Version:              s.scalar("version"),
		AllowInsecure:        s.bool("allow_insecure"),
		SigV4SigningEndpoint: s.text("sigv4_signing_endpoint"),
	}
	if u, err := url.Parse(c.Endpoint); c.Endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		s.add(field.Invalid(s.child("endpoint"), field.OmitValueType{}, "must be a URL such as https://host:9200"))
	}
	_, snake := s.lookup("allow_insecure")
	_, camel := s.lookup("allowInsecure")
	if camel {
		c.AllowInsecure = s.bool("allowInsecure")
	}
	if snake && camel {
		s.add(field.Forbidden(s.child("allowInsecure"), "it is another name of allow_insecure, which is given"))
	}
	kinds := []string{"no_auth", "basic_auth", "sigv4", "authConfig"}
	if camel && !slices.ContainsFunc(kinds, func(key string) bool { _, given := s.lookup(key); return given }) {
		return c
	}
	switch s.oneOf(kinds...) {
	case "no_auth":
		s.section("no_auth").done()
	case "basic_auth":
		c.Basic = readBasicAuth(s.section("basic_auth"), "k8s_secret_name", "user_secret_arn")
	case "sigv4":
		c.SigV4 = readSigV4(s.section("sigv4"))
	case "authConfig":
		readAuthConfig(s.section("authConfig"), &c)
	}
	return c
}

func readAuthConfig(s *section, c *Cluster) {
	defer s.done()
	switch s.oneOf("noAuth", "basic", "sigv4") {
	case "noAuth":
		s.section("noAuth").done()
	case "basic":
		c.Basic = readBasicAuth(s.section("basic"), "secretName", "secretArn")
	case "sigv4":
		c.SigV4 = readSigV4(s.section("sigv4"))
	}
}

func readSigV4(s *section) *SigV4Auth {
	defer s.done()
	return &SigV4Auth{Region: s.text("region"), Service: cmp.Or(s.text("service"), defaultSigningName)}
}

// readBasicAuth reads it with the keys that refer to secrets in the dialect.
func readBasicAuth(s *section, secretName, secretARN string) *BasicAuth {
	defer s.done()
	auth := &BasicAuth{
		Username: s.text("username"), Password: NewSecret(s.text("password")),
		K8sSecretName: s.text(secretName), UserSecretARN: s.text(secretARN),
	}
	kinds := 0
	for _, given := range []bool{auth.Username != "" || auth.Password.Reveal() != "", auth.K8sSecretName != "", auth.UserSecretARN != ""} {
		if given {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		s.add(field.Invalid(s.path, field.OmitValueType{},
			"must have exactly one of: username with password, "+secretName+", "+secretARN))
	case auth.Username == "" && auth.Password.Reveal() != "":
		s.add(field.Required(s.child("username"), "goes with password"))
	case auth.Username != "" && auth.Password.Reveal() == "":
		s.add(field.Required(s.child("password"), "goes with username"))
	}
	return auth
}
