package opensearch

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	client "github.com/opensearch-project/opensearch-go/v4"
	"github.com/opensearch-project/opensearch-go/v4/opensearchtransport"
	"github.com/opensearch-project/opensearch-go/v4/signer"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// cluster is the connection to the cluster.
type cluster struct {
	http     *client.Client
	section  string // of the configuration
	endpoint string
	timeout  time.Duration
	basic    credentialSource // nil: no basic authentication
	sent     *sent            // by the call that this is for

	answered *atomic.Bool // whether the cluster has answered any request

	// Before a read is repeated, or a write that a busy cluster has refused. Only the latter reaches the longest.
	firstPause, longestPause time.Duration
}

func connect(target backfill.Cluster, opts Options) (*cluster, error) {
	if err := check(target, opts); err != nil {
		return nil, err
	}
	basic, err := basicOf(target, opts)
	if err != nil {
		return nil, err
	}
	transport, err := transportOf(target, opts)
	if err != nil {
		return nil, err
	}
	endpoint, err := url.Parse(target.Endpoint)
	if err != nil {
		return nil, err
	}
	var sign signer.Signer
	if target.SigV4 != nil {
		sign = newSigner(target, opts)
	}
	// The client's own retries don't distinguish reads from writes, and it would poll the nodes
	// without credentials.
	inner, err := opensearchtransport.New(opensearchtransport.Config{
		URLs: []*url.URL{endpoint}, Transport: transport, Signer: sign,
		DisableRetry: true, NodeStatsInterval: -1, MaxRetryClusterHealth: -1,
	})
	if err != nil {
		return nil, err
	}
	c := &cluster{
		http: &client.Client{Transport: inner}, section: sectionOf(target), endpoint: target.Endpoint, timeout: opts.Timeout, basic: basic,
		answered: new(atomic.Bool), firstPause: firstPause, longestPause: longestPause,
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	return c, nil
}

const (
	dialTimeout = 10 * time.Second
	idleTimeout = 90 * time.Second
	mostIdle    = 8

	mostOfHeader = 256 << 10
)

// transportOf makes connections that are not shared, so that Close closes no others.
func transportOf(target backfill.Cluster, opts Options) (*http.Transport, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: target.AllowInsecure}
	if opts.CA != nil && !target.AllowInsecure {
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(opts.CA) {
			return nil, &workflow.InvalidError{Problems: field.ErrorList{field.Invalid(field.NewPath("Options", "CA"),
				field.OmitValueType{}, "must be certificates in PEM form")}}
		}
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:     trust,
		TLSHandshakeTimeout: dialTimeout,
		IdleConnTimeout:     idleTimeout,
		MaxIdleConnsPerHost: mostIdle,
		ForceAttemptHTTP2:   true,
		// A few kilobytes could become gigabytes.
		DisableCompression:     true,
		MaxResponseHeaderBytes: mostOfHeader,
	}, nil
}
