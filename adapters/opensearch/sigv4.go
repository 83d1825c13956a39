package opensearch

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/opensearch-project/opensearch-go/v4/signer"
	"github.com/opensearch-project/opensearch-go/v4/signer/awsv2"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const defaultService = "es"

// sigV4 signs requests with the client's own signer, which it creates at the first one: finding
// region and credentials may need the network, and so a context.
type sigV4 struct {
	section         string // of the configuration
	region, service string
	host            string // to sign for; "": the one that the request goes to
	credentials     aws.CredentialsProvider
	gate            chan struct{} // holds a token while a caller uses or creates the signer
	inner           signer.Signer
}

func newSigner(target backfill.Cluster, opts Options) *sigV4 {
	s := &sigV4{
		section: sectionOf(target),
		region:  target.SigV4.Region, service: target.SigV4.Service,
		credentials: opts.AWSCredentials, gate: make(chan struct{}, 1),
	}
	if s.service == "" {
		s.service = defaultService
	}
	if u, err := url.Parse(target.SigV4SigningEndpoint); err == nil {
		s.host = u.Host
	}
	return s
}

// SignRequest implements [signer.Signer].
func (s *sigV4) SignRequest(request *http.Request) error {
	inner, err := s.signer(request.Context())
	if err == nil {
		if s.host != "" {
			request.Host = s.host // which is signed, and sent as the header Host
		}
		err = inner.SignRequest(request)
	}
	if err != nil {
		return &Error{Err: fmt.Errorf("sign the request: %w", err), kind: kindOfSecret(err)}
	}
	return nil
}

// OverrideSigningPort implements [signer.Signer]; it does nothing, since sigv4_signing_endpoint
// already has the port.
func (*sigV4) OverrideSigningPort(uint16) {}

func (s *sigV4) signer(ctx context.Context) (signer.Signer, error) {
	select {
	case s.gate <- struct{}{}:
		defer func() { <-s.gate }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if s.inner != nil {
		return s.inner, nil
	}
	cfg := aws.Config{Region: s.region, Credentials: s.credentials}
	if cfg.Region == "" || cfg.Credentials == nil {
		var err error
		if cfg, err = s.load(ctx); err != nil {
			return nil, err
		}
	}
	inner, err := awsv2.NewSignerWithService(cfg, s.service)
	if err != nil {
		return nil, err
	}
	s.inner = inner
	return inner, nil
}

// load finds what is not configured, as AWS's programs do.
func (s *sigV4) load(ctx context.Context) (aws.Config, error) {
	var options []func(*config.LoadOptions) error
	if s.region != "" {
		options = append(options, config.WithRegion(s.region))
	}
	if s.credentials != nil {
		options = append(options, config.WithCredentialsProvider(s.credentials))
	}
	cfg, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, err
	}
	if cfg.Region == "" {
		return aws.Config{}, &workflow.InvalidError{Problems: field.ErrorList{field.Required(
			field.NewPath(s.section, "sigv4", "region"), "AWS's own configuration has none either")}}
	}
	return cfg, nil
}
