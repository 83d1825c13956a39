package opensearch_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch"
	double "github.com/opensearch-project/opensearch-migrations/argoservice/adapters/opensearch/opensearchtest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestInvalidConfigurations(t *testing.T) {
	const good = "https://host:9200"
	basic := func(auth backfill.BasicAuth) backfill.Cluster { return backfill.Cluster{Endpoint: good, Basic: &auth} }
	for name, c := range map[string]struct {
		target backfill.Cluster
		opts   opensearch.Options
		kind   error
		saying string
	}{
		"no endpoint":       {backfill.Cluster{}, opensearch.Options{}, workflow.ErrInvalid, "target_cluster.endpoint"},
		"no host":           {backfill.Cluster{Endpoint: "https://:9200"}, opensearch.Options{}, workflow.ErrInvalid, "target_cluster.endpoint"},
		"another scheme":    {backfill.Cluster{Endpoint: "ftp://host"}, opensearch.Options{}, workflow.ErrInvalid, "target_cluster.endpoint"},
		"userinfo":          {backfill.Cluster{Endpoint: "https://u:s3cret@host"}, opensearch.Options{}, workflow.ErrInvalid, "use basic_auth"},
		"query":             {backfill.Cluster{Endpoint: good + "?x=s3cret"}, opensearch.Options{}, workflow.ErrInvalid, "no query"},
		"no URL":            {backfill.Cluster{Endpoint: "https://s3cret\x7f"}, opensearch.Options{}, workflow.ErrInvalid, "target_cluster.endpoint"},
		"two kinds":         {backfill.Cluster{Endpoint: good, Basic: &backfill.BasicAuth{Username: "u", Password: backfill.NewSecret("s3cret")}, SigV4: &backfill.SigV4Auth{}}, opensearch.Options{}, workflow.ErrInvalid, "only one of"},
		"nothing":           {basic(backfill.BasicAuth{}), opensearch.Options{}, workflow.ErrInvalid, "basic_auth"},
		"name only":         {basic(backfill.BasicAuth{Username: "u"}), opensearch.Options{}, workflow.ErrInvalid, "basic_auth"},
		"password only":     {basic(backfill.BasicAuth{Password: backfill.NewSecret("s3cret")}), opensearch.Options{}, workflow.ErrInvalid, "basic_auth"},
		"name and secret":   {basic(backfill.BasicAuth{Username: "u", Password: backfill.NewSecret("s3cret"), K8sSecretName: "x"}), opensearch.Options{}, workflow.ErrInvalid, "basic_auth"},
		"no reader":         {basic(backfill.BasicAuth{K8sSecretName: "x"}), opensearch.Options{}, workflow.ErrUnsupported, "Options.Secrets"},
		"no reader by ARN":  {basic(backfill.BasicAuth{UserSecretARN: "x"}), opensearch.Options{}, workflow.ErrUnsupported, "Options.SecretsByARN"},
		"CA":                {backfill.Cluster{Endpoint: good}, opensearch.Options{CA: []byte("s3cret")}, workflow.ErrInvalid, "Options.CA"},
		"timeout":           {backfill.Cluster{Endpoint: good}, opensearch.Options{Timeout: -1}, workflow.ErrInvalid, "Options.Timeout"},
		"signing endpoint":  {backfill.Cluster{Endpoint: good, SigV4: &backfill.SigV4Auth{}, SigV4SigningEndpoint: "host"}, opensearch.Options{}, workflow.ErrInvalid, "sigv4_signing_endpoint"},
		"with a path":       {backfill.Cluster{Endpoint: good, SigV4: &backfill.SigV4Auth{}, SigV4SigningEndpoint: good + "/x"}, opensearch.Options{}, workflow.ErrInvalid, "no path"},
		"but nothing signs": {backfill.Cluster{Endpoint: good, SigV4SigningEndpoint: good}, opensearch.Options{}, workflow.ErrInvalid, "requires sigv4"},
	} {
		state, err := opensearch.New(c.target, c.opts)
		var e *opensearch.Error
		if state != nil || !errors.Is(err, c.kind) || !errors.As(err, &e) || e.Op != opensearch.OpNew || !strings.Contains(err.Error(), c.saying) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNamesOfOtherIndices(t *testing.T) {
	p, cluster := onDouble(t)
	for _, index := range []string{
		"", "books", "*", "_all", ".migrations_working_stat", ".migrations_working_state*", ".migrations_working_state,books", ".migrations_working_state_a b",
		".migrations_working_state/../books", ".migrations_working_state?x", ".migrations_working_state_A", ".migrations_working_state_é", "<.migrations_working_state>",
		"-.migrations_working_state", ".migrations_working_state\n", ".migrations_working_state_%2A", ".migrations_working_state_" + strings.Repeat("x", 240),
	} {
		_, counts := p.state.Counts(t.Context(), index, now)
		_, size := p.state.Size(t.Context(), index)
		_, restored := p.state.Restore(t.Context(), index, yields(nil))
		errs := []error{counts, size, restored, p.state.Delete(t.Context(), index)}
		for _, err := range p.state.Documents(t.Context(), index) {
			errs = append(errs, err)
		}
		for _, err := range errs {
			if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), "index") {
				t.Errorf("%q: %v", index, err)
			}
		}
		if len(errs) != 5 {
			t.Errorf("%q: %d errors", index, len(errs))
		}
	}
	if n := len(cluster.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
	for _, index := range []string{".migrations_working_state", ".migrations_working_state_rfs-2025.11_x"} {
		if err := p.state.Delete(t.Context(), index); !errors.Is(err, backfill.ErrNoWorkingState) {
			t.Errorf("%s: %v", index, err)
		}
	}
}

func TestTLS(t *testing.T) {
	cluster, other := double.New(double.Options{}), double.New(double.Options{})
	server, err := cluster.Serve(true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Close() }()
	stranger, err := other.Serve(true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stranger.Close() }()
	for name, c := range map[string]struct {
		insecure bool
		ca       []byte
		trusted  bool
	}{
		"right CA": {false, server.CA, true}, "wrong CA": {false, stranger.CA, false}, "the system's": {false, nil, false},
		"insecure": {true, nil, true}, "insecure with another CA": {true, stranger.CA, true},
	} {
		state := connect(t, backfill.Cluster{Endpoint: server.URL, AllowInsecure: c.insecure}, opensearch.Options{CA: c.ca})
		began := time.Now()
		_, err := state.Counts(t.Context(), ".migrations_working_state", now)
		if trusted := errors.Is(err, backfill.ErrNoWorkingState); trusted != c.trusted {
			t.Errorf("%s: %v", name, err)
		}
		if !c.trusted && (errors.Is(err, workflow.ErrUnavailable) || !strings.Contains(err.Error(), "certificate") || time.Since(began) > 5*time.Second) {
			t.Errorf("%s: %v", name, err)
		}
	}
	plain := connect(t, backfill.Cluster{Endpoint: strings.Replace(server.URL, "https", "http", 1)}, opensearch.Options{})
	if _, err := plain.Counts(t.Context(), ".migrations_working_state", now); err == nil {
		t.Error("an answer without TLS")
	}
}

// An endpoint may have a path, as it does behind a proxy.
func TestEndpointWithAPath(t *testing.T) {
	p, cluster := onDouble(t)
	state := connect(t, backfill.Cluster{Endpoint: p.target.Endpoint + "/proxy/"}, opensearch.Options{})
	if err := state.Delete(t.Context(), p.index); err == nil {
		t.Error("deleted")
	}
	if r := cluster.Requests()[0]; r.Path != "/proxy/"+p.index {
		t.Errorf("%+v", r)
	}
}

func TestCloseTwice(t *testing.T) {
	p, _ := onDouble(t)
	for range 2 {
		if err := p.state.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A program without a reader for the secret can still use everything else.
func TestNewOrUnreachable(t *testing.T) {
	target := backfill.Cluster{Endpoint: "https://host:9200", Basic: &backfill.BasicAuth{UserSecretARN: "arn:aws:secretsmanager:us-east-1:1:secret:x"}}
	state, release, err := opensearch.NewOrUnreachable(target, opensearch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	release()
	if _, err := state.Size(t.Context(), "i"); !errors.Is(err, workflow.ErrUnsupported) {
		t.Error(err)
	}
	state, release, err = opensearch.NewOrUnreachable(backfill.Cluster{Endpoint: "https://host:9200"}, opensearch.Options{})
	if err != nil {
		t.Fatal(err)
	}
	release()
	if _, ok := state.(*opensearch.WorkingState); !ok {
		t.Errorf("%T", state)
	}
	if _, _, err := opensearch.NewOrUnreachable(backfill.Cluster{Endpoint: "no address"}, opensearch.Options{}); !errors.Is(err, workflow.ErrInvalid) {
		t.Errorf("an invalid endpoint: %v", err)
	}
}

// Errors name the section of the configuration that describes the cluster.
func TestErrorsOfTheCoordinatorCluster(t *testing.T) {
	coordinator := backfill.Cluster{Section: "coordinator_cluster", Endpoint: "no address"}
	if _, err := opensearch.New(coordinator, opensearch.Options{}); !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), "coordinator_cluster.endpoint") {
		t.Error(err)
	}
	coordinator.Endpoint, coordinator.Basic = "https://c:9200", &backfill.BasicAuth{K8sSecretName: "c-creds"}
	if _, err := opensearch.New(coordinator, opensearch.Options{}); !errors.Is(err, workflow.ErrUnsupported) || !strings.Contains(err.Error(), "coordinator_cluster.basic_auth") {
		t.Error(err)
	}
	p, _ := onDouble(t)
	if got := p.state.Endpoint(); got != p.target.Endpoint {
		t.Error(got)
	}
}
