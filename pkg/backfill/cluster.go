package backfill

import (
	"cmp"
	"net/url"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// A cluster has one of two forms: that of the console, with no_auth, basic_auth or sigv4, and that
// of the workflows, with authConfig and allowInsecure, in which no_auth is the default.

func readCluster(s *section) Cluster {
	defer s.done()
	c := Cluster{
		Endpoint:             s.required("endpoint", "the cluster's URL"),
		Version:              s.scalar("version"),
		AllowInsecure:        s.bool("allow_insecure"),
		SigV4SigningEndpoint: s.string("sigv4_signing_endpoint"),
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
		s.add(field.Forbidden(s.child("allowInsecure"), "is another name of allow_insecure; set only one of them"))
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
	return &SigV4Auth{Region: s.string("region"), Service: cmp.Or(s.string("service"), defaultSigningName)}
}

// readBasicAuth reads a section in which these keys refer to secrets.
func readBasicAuth(s *section, secretName, secretARN string) *BasicAuth {
	defer s.done()
	auth := &BasicAuth{
		Username: s.string("username"), Password: NewSecret(s.string("password")),
		K8sSecretName: s.string(secretName), UserSecretARN: s.string(secretARN),
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
			"must have exactly one of: username and password, "+secretName+", "+secretARN))
	case auth.Username == "" && auth.Password.Reveal() != "":
		s.add(field.Required(s.child("username"), "is required with password"))
	case auth.Username != "" && auth.Password.Reveal() == "":
		s.add(field.Required(s.child("password"), "is required with username"))
	}
	return auth
}
