package argoserver

import (
	"net/http"
	"net/url"
	"time"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Defaults of [Options].
const (
	DefaultTimeout = 30 * time.Second
	DefaultMaxSize = status.MaxNodesSize

	// mostMaxSize is the most that a database of Argo stores in a column.
	mostMaxSize = 1 << 30
)

// Options say where the Argo server is.
type Options struct {
	// URL is that of the server, such as https://argo-server.argo:2746, with the path that a proxy in front
	// of it may require. It is required. It must not contain credentials.
	URL string
	// HTTP sends the requests, with the token and the TLS settings of the host. It is required. It is copied,
	// and the copy follows no redirects. A token that is sent by http can be read on the way.
	HTTP *http.Client

	// Timeout limits each request, and the wait for the beginning of an artifact. It defaults to
	// [DefaultTimeout].
	Timeout time.Duration
	// MaxSize is the most bytes of a response that are read, such as the JSON of one workflow. Artifacts have
	// no limit. It defaults to [DefaultMaxSize], the most that package status reads.
	MaxSize int
}

// withDefaults returns the options with their defaults and the parsed URL, or a [*workflow.InvalidError].
func (o Options) withDefaults() (Options, *url.URL, error) {
	if o.Timeout == 0 {
		o.Timeout = DefaultTimeout
	}
	if o.MaxSize == 0 {
		o.MaxSize = DefaultMaxSize
	}
	var problems field.ErrorList
	at := field.NewPath("Options")
	base, problem := parseURL(o.URL)
	if problem != "" { // the value is not shown, since it may contain a password
		problems = append(problems, field.Invalid(at.Child("URL"), field.OmitValueType{}, problem))
	}
	if o.HTTP == nil {
		problems = append(problems, field.Required(at.Child("HTTP"), "must not be nil"))
	}
	if o.Timeout < 0 {
		problems = append(problems, field.Invalid(at.Child("Timeout"), o.Timeout, "must not be negative"))
	}
	if o.MaxSize < 0 || o.MaxSize > mostMaxSize {
		problems = append(problems, field.Invalid(at.Child("MaxSize"), o.MaxSize, "must be between 1 and 1 GiB"))
	}
	if len(problems) > 0 {
		return o, nil, &workflow.InvalidError{Problems: problems}
	}
	return o, base, nil
}

// parseURL returns a URL, or what is wrong with it.
func parseURL(text string) (base *url.URL, problem string) {
	base, err := url.Parse(text)
	switch {
	case err != nil, base.Scheme != "https" && base.Scheme != "http", base.Host == "":
		return nil, "must be the URL of an Argo server, such as https://argo-server.argo:2746"
	case base.User != nil:
		return nil, "must not contain credentials; Options.HTTP sends them"
	case base.RawQuery != "" || base.ForceQuery || base.Fragment != "":
		return nil, "must not contain a query or a fragment"
	}
	return base, ""
}
