package opensearch

import (
	"context"
	"fmt"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// credentialSource provides the credentials for basic authentication.
type credentialSource interface {
	// get returns the credentials.
	get(ctx context.Context) (Credentials, error)
	// renew reports whether there are credentials other than the refused ones.
	renew(ctx context.Context, refused Credentials) (bool, error)
}

// basicOf returns the source that the configuration names, or nil without basic authentication.
func basicOf(target backfill.Cluster, opts Options) (credentialSource, error) {
	auth, path := target.Basic, sectionOf(target)+".basic_auth"
	switch {
	case auth == nil:
		return nil, nil
	case auth.K8sSecretName != "":
		if opts.Secrets == nil {
			return nil, fmt.Errorf("%w: %s.k8s_secret_name needs Options.Secrets; SecretsFromCluster returns one",
				workflow.ErrUnsupported, path)
		}
		return newSecret(auth.K8sSecretName, opts.Secrets), nil
	case auth.UserSecretARN != "":
		if opts.SecretsByARN == nil {
			return nil, fmt.Errorf("%w: %s.user_secret_arn needs Options.SecretsByARN, which reads secrets of AWS Secrets Manager",
				workflow.ErrUnsupported, path)
		}
		return newSecret(auth.UserSecretARN, opts.SecretsByARN), nil
	}
	return plain{Username: auth.Username, Password: auth.Password}, nil
}

// plain are credentials in the configuration itself.
type plain Credentials

func (p plain) get(context.Context) (Credentials, error)         { return Credentials(p), nil }
func (p plain) renew(context.Context, Credentials) (bool, error) { return false, nil }

// secret are credentials in a secret, which is read when they are first needed.
type secret struct {
	name string
	read SecretReader
	gate chan struct{} // holds a token while a caller uses the fields below, or reads the secret
	have bool
	last Credentials
}

func newSecret(name string, read SecretReader) *secret {
	return &secret{name: name, read: read, gate: make(chan struct{}, 1)}
}

func (s *secret) get(ctx context.Context) (Credentials, error) {
	if err := s.enter(ctx); err != nil {
		return Credentials{}, err
	}
	defer s.leave()
	if !s.have {
		if err := s.load(ctx); err != nil {
			return Credentials{}, err
		}
	}
	return s.last, nil
}

func (s *secret) renew(ctx context.Context, refused Credentials) (bool, error) {
	if err := s.enter(ctx); err != nil {
		return false, err
	}
	defer s.leave()
	if s.have && !s.last.equal(refused) {
		return true, nil // another call has read it meanwhile
	}
	if err := s.load(ctx); err != nil {
		return false, err
	}
	return !s.last.equal(refused), nil
}

func (c Credentials) equal(other Credentials) bool {
	return c.Username == other.Username && c.Password.Equal(other.Password)
}

// enter waits for the gate until ctx ends.
func (s *secret) enter(ctx context.Context) error {
	select {
	case s.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *secret) leave() { <-s.gate }

func (s *secret) load(ctx context.Context) error {
	credentials, err := s.read(ctx, s.name)
	if err == nil && (credentials.Username == "" || credentials.Password.Reveal() == "") {
		err = fmt.Errorf("secret %s must have a username and a password", s.name)
	}
	if err != nil {
		return &Error{Err: fmt.Errorf("no credentials: %w", err), kind: kindOfSecret(err)}
	}
	s.have, s.last = true, credentials
	return nil
}
