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

// DefaultTimeout is how long a request may take if [Options.Timeout] says nothing.
const DefaultTimeout = 30 * time.Second

// Options are what the configuration of the cluster doesn't say. The zero value is for a cluster
// without authentication, or with a plain name and password, or with AWS's own credentials.
type Options struct {
	// Secrets reads the secret that k8s_secret_name names, see [SecretsFromCluster].
	Secrets SecretReader
	// SecretsByARN reads the secret that user_secret_arn names, from AWS Secrets Manager.
	SecretsByARN SecretReader
	// AWSCredentials sign the requests of a cluster with sigv4; nil: those of the environment, the
	// shared files or the role, found by AWS's own rules at the first request.
	AWSCredentials aws.CredentialsProvider
	// CA are certificates in PEM form, which are then the only ones that the cluster's may be signed
	// by; nil: those of the system. Not looked at if the configuration says allow_insecure, which allows
	// two things: a certificate that is not verified, and a password over http://.
	CA []byte
	// Timeout is how long one request may take, with its answer, and the reading of a secret; default
	// [DefaultTimeout]. A call may take longer, if it needs several.
	Timeout time.Duration
}

// Format implements [fmt.Formatter]: it prints whether each is set, whatever the verb is. AWSCredentials
// can be keys.
func (o Options) Format(to fmt.State, _ rune) { _, _ = io.WriteString(to, o.shown()) }

// LogValue implements [slog.LogValuer].
func (o Options) LogValue() slog.Value { return slog.StringValue(o.shown()) }

func (o Options) shown() string {
	return fmt.Sprintf("{Secrets: %t, SecretsByARN: %t, AWSCredentials: %t, CA: %t, Timeout: %v}",
		o.Secrets != nil, o.SecretsByARN != nil, o.AWSCredentials != nil, o.CA != nil, o.Timeout)
}

// Credentials are a name and a password.
type Credentials struct {
	Username string
	Password backfill.Secret // masks itself where it is printed
}

// SecretReader reads the credentials in a secret, given its name or ARN. It is called at the first
// request, and again after each that the cluster has refused with 401, in case that the secret was
// rotated. Its errors go into those of the calls, so they should hold no secret.
type SecretReader func(ctx context.Context, name string) (Credentials, error)
