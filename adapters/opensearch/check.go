package opensearch

import (
	"cmp"
	"net"
	"net/url"
	"regexp"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// check validates a configuration, even one that did not come from ParseConfig. The errors contain
// no values, since any may be a misplaced secret.
func check(target backfill.Cluster, opts Options) error {
	root := field.NewPath(sectionOf(target))
	var problems field.ErrorList
	wrong := func(path *field.Path, what string) {
		problems = append(problems, field.Invalid(path, field.OmitValueType{}, what))
	}
	if problem := endpointProblem(target.Endpoint); problem != "" {
		wrong(root.Child("endpoint"), problem)
	}
	if target.Basic != nil && !target.AllowInsecure && seenByNetwork(target.Endpoint) {
		wrong(root.Child("endpoint"), "with basic_auth must be https:// or on a loopback address: "+
			"the password would be sent unencrypted over http://; allow_insecure: true allows that")
	}
	if target.Basic != nil && target.SigV4 != nil {
		wrong(root, "must have only one of basic_auth, sigv4")
	}
	if target.Basic != nil && !oneKind(target.Basic) {
		wrong(root.Child("basic_auth"), "must have exactly one of: username with password, k8s_secret_name, user_secret_arn")
	}
	if host := target.SigV4SigningEndpoint; host != "" {
		path := root.Child("sigv4_signing_endpoint")
		if problem := endpointProblem(host); problem != "" {
			wrong(path, problem)
		} else if u, _ := url.Parse(host); u.Path != "" && u.Path != "/" {
			wrong(path, "must have no path: requests use that of endpoint")
		}
		if target.SigV4 == nil {
			wrong(path, "requires sigv4")
		}
	}
	if opts.Timeout < 0 {
		wrong(field.NewPath("Options", "Timeout"), "must not be negative")
	}
	if len(problems) > 0 {
		return &workflow.InvalidError{Problems: problems}
	}
	return nil
}

// sectionOf returns the section of the configuration that describes a cluster.
func sectionOf(target backfill.Cluster) string { return cmp.Or(target.Section, "target_cluster") }

func endpointProblem(endpoint string) string {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "must be a URL such as https://host:9200"
	case u.User != nil:
		return "must have no user or password; use basic_auth"
	case u.RawQuery != "" || u.Fragment != "":
		return "must have no query and no fragment"
	}
	return ""
}

// seenByNetwork reports whether requests to an endpoint leave this machine unencrypted.
func seenByNetwork(endpoint string) bool {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" {
		return false
	}
	host := u.Hostname()
	return host != "localhost" && !net.ParseIP(host).IsLoopback()
}

func oneKind(auth *backfill.BasicAuth) bool {
	kinds := 0
	for _, given := range []bool{auth.Username != "" || auth.Password.Reveal() != "", auth.K8sSecretName != "", auth.UserSecretARN != ""} {
		if given {
			kinds++
		}
	}
	return kinds == 1 && (auth.Username != "") == (auth.Password.Reveal() != "")
}

const mostIndexBytes = 255 // the server's limit for the name of an index

// checkIndex accepts only the name of a single working state.
func checkIndex(index string) error {
	if len(index) <= mostIndexBytes && regexp.MustCompile(`^\.migrations_working_state[a-z0-9._-]*$`).MatchString(index) {
		return nil
	}
	return &workflow.InvalidError{Problems: field.ErrorList{field.Invalid(field.NewPath("index"), index,
		"must be the name of one index that begins with .migrations_working_state, of lower-case letters, digits, '.', '_' and '-', without wildcards")}}
}
