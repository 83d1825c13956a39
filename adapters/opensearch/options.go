package opensearch

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// DefaultTimeout is the default of [Options].Timeout.
const DefaultTimeout = 30 * time.Second

// Options supplement the configuration of the cluster. The zero value is for a cluster without
// authentication, or with a plain user name and password, or with AWS's default credentials.
type Options struct {
	// Secrets reads the secret that k8s_secret_name names, see [SecretsFromCluster].
	Secrets SecretReader
	// SecretsByARN reads the secret that user_secret_arn names, from AWS Secrets Manager.
	SecretsByARN SecretReader
	// AWSCredentials sign the requests of a cluster with sigv4. Defaults to those of the
	// environment, the shared files or the role, found by AWS's own rules at the first request.
	AWSCredentials aws.CredentialsProvider
	// CA are the certificates in PEM form that the cluster's certificate may be signed by. Defaults
	// to those of the system. Ignored if the configuration says allow_insecure, which allows two
	// things: a certificate that is not verified, and a password over http://.
	CA []byte
	// Timeout limits one request, including its response, and the reading of a secret. Defaults to
	// [DefaultTimeout]. A call that needs several requests may take longer.
	Timeout time.Duration
}

// Format implements [fmt.Formatter]: for any verb, it prints which options are set, but not their
// values. AWSCredentials can be keys.
func (o Options) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, o.shown()) }

// LogValue implements [slog.LogValuer].
func (o Options) LogValue() slog.Value { return slog.StringValue(o.shown()) }

func (o Options) shown() string {
	return fmt.Sprintf("{Secrets: %t, SecretsByARN: %t, AWSCredentials: %t, CA: %t, Timeout: %v}",
		o.Secrets != nil, o.SecretsByARN != nil, o.AWSCredentials != nil, o.CA != nil, o.Timeout)
}

// Credentials are a user name and a password.
type Credentials struct {
	Username string
	Password backfill.Secret // masks itself when printed
}

// SecretReader reads the credentials in a secret, given its name or ARN. It is called at the first
// request, and again after each that the cluster has refused with 401, in case that the secret was
// rotated. Its errors go into those of the calls, so they should hold no secret.
type SecretReader func(ctx context.Context, name string) (Credentials, error)
