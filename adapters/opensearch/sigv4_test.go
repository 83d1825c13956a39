package opensearch_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const secretKey = "wJalrXUtnFEMI-secret"

func awsKeys(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: secretKey, SessionToken: "session-token"}, nil
}

// fixedKeys are keys that can be printed.
type fixedKeys struct{ secret string }

func (k fixedKeys) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: k.secret}, nil
}

// signed demands signatures for a scope, from a client with this configuration.
func signed(demand double.SigV4, auth backfill.SigV4Auth, endpoint string) func(*double.Options, *backfill.Cluster, *opensearch.Options) {
	return func(d *double.Options, target *backfill.Cluster, o *opensearch.Options) {
		d.SigV4, target.SigV4, target.SigV4SigningEndpoint = &demand, &auth, endpoint
		o.AWSCredentials = aws.CredentialsProviderFunc(awsKeys)
	}
}

func TestSignedRequests(t *testing.T) {
	for name, configure := range map[string]func(*double.Options, *backfill.Cluster, *opensearch.Options){
		"region and service": signed(double.SigV4{AccessKeyID: "AKIDEXAMPLE", Region: "eu-west-1", Service: "aoss"}, backfill.SigV4Auth{Region: "eu-west-1", Service: "aoss"}, ""),
		"service by default": signed(double.SigV4{Region: "eu-west-1", Service: "es"}, backfill.SigV4Auth{Region: "eu-west-1"}, ""),
		"for another host":   signed(double.SigV4{Host: "search-x.eu-west-1.es.amazonaws.com"}, backfill.SigV4Auth{Region: "eu-west-1"}, "https://search-x.eu-west-1.es.amazonaws.com"),
		"and its port":       signed(double.SigV4{Host: "search-x.example:8443"}, backfill.SigV4Auth{Region: "eu-west-1"}, "https://search-x.example:8443/"),
	} {
		t.Run(name, func(t *testing.T) {
			p, cluster := onDouble(t, configure)
			if err := cluster.Put(p.index, "a", document{"completedAt": 2}); err != nil {
				t.Fatal(err)
			}
			if got := p.counts(t); got.Total != 1 {
				t.Errorf("%+v", got)
			}
			if _, err := p.state.Restore(t.Context(), p.index, yields(nil, doc("b", "{}"))); err != nil {
				t.Error(err)
			}
			if got := p.read(t); len(got) != 2 {
				t.Errorf("%v", got)
			}
		})
	}
}

func TestRefusedSignatures(t *testing.T) {
	for name, demand := range map[string]double.SigV4{
		"region": {Region: "us-east-1"}, "service": {Service: "aoss"}, "key": {AccessKeyID: "other"}, "host": {Host: "elsewhere"},
	} {
		p, _ := onDouble(t, signed(demand, backfill.SigV4Auth{Region: "eu-west-1"}, ""))
		if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, workflow.ErrForbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p, _ := onDouble(t, func(d *double.Options, _ *backfill.Cluster, _ *opensearch.Options) { d.SigV4 = &double.SigV4{} })
	if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, workflow.ErrForbidden) {
		t.Errorf("unsigned: %v", err)
	}
}

func TestUnavailableKeys(t *testing.T) {
	p, cluster := onDouble(t, signed(double.SigV4{}, backfill.SigV4Auth{Region: "eu-west-1"}, ""), func(_ *double.Options, _ *backfill.Cluster, o *opensearch.Options) {
		o.AWSCredentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{}, errors.New("no role")
		})
	})
	if _, err := p.state.Counts(t.Context(), p.index, now); !errors.Is(err, workflow.ErrUnauthorized) || !strings.Contains(err.Error(), "no role") || len(cluster.Requests()) != 0 {
		t.Errorf("%v", err)
	}
}

// isolate hides AWS's own configuration.
func isolate(t *testing.T) {
	t.Helper()
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
}

func TestRegionAndKeysOfTheEnvironment(t *testing.T) {
	isolate(t)
	t.Setenv("AWS_REGION", "ap-south-1")
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIDENV")
	t.Setenv("AWS_SECRET_ACCESS_KEY", secretKey)
	p, cluster := onDouble(t, signed(double.SigV4{Region: "ap-south-1", AccessKeyID: "AKIDENV"}, backfill.SigV4Auth{}, ""), func(_ *double.Options, _ *backfill.Cluster, o *opensearch.Options) {
		o.AWSCredentials = nil
	})
	if err := cluster.Put(p.index, "a", document{}); err != nil {
		t.Fatal(err)
	}
	if got := p.counts(t); got.Total != 1 {
		t.Errorf("%+v", got)
	}
}

func TestNoRegion(t *testing.T) {
	isolate(t)
	p, _ := onDouble(t, signed(double.SigV4{}, backfill.SigV4Auth{}, ""))
	if err := p.state.Delete(t.Context(), p.index); !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), "target_cluster.sigv4.region") {
		t.Errorf("%v", err)
	}
}

func TestNoKeyInErrors(t *testing.T) {
	p, cluster := onDouble(t, signed(double.SigV4{}, backfill.SigV4Auth{Region: "eu-west-1"}, ""))
	defer cluster.Inject(double.Fault{Status: 403, Body: "refused: session-token"})()
	err := p.state.Delete(t.Context(), p.index)
	opts := opensearch.Options{AWSCredentials: fixedKeys{secretKey}}
	text := fmt.Sprintf("%v %+v %#v %+v %v %+v %#v", err, err, err, p.state, opts, &opts, opts)
	if strings.Contains(text, "session-token") || strings.Contains(text, secretKey) {
		t.Error(text)
	}
}
