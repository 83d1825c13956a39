package backfill

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Every rule for the target cluster holds for the coordinator as well, and problems name its section.
func TestCoordinatorCluster(t *testing.T) {
	for text, path := range map[string]string{
		"":                         "coordinator_cluster.endpoint",
		"{endpoint: t, no_auth: }": "coordinator_cluster.endpoint",
		"{endpoint: https://c, no_auth: , port: 1}":                                        "coordinator_cluster.port",
		"{endpoint: https://c}":                                                            "coordinator_cluster",
		"{endpoint: https://u:s3cr3t@c, no_auth: }":                                        "coordinator_cluster.endpoint",
		"{endpoint: https://c, no_auth: , sigv4_signing_endpoint: https://u:s3cr3t@c}":     "coordinator_cluster.sigv4_signing_endpoint",
		"{endpoint: https://c, basic_auth: {username: u}}":                                 "coordinator_cluster.basic_auth.password",
		"{endpoint: https://c, basic_auth: {username: u, password: '*****'}}":              "coordinator_cluster.basic_auth.password",
		"{endpoint: https://c, allowInsecure: true, authConfig: {basic: {secretname: x}}}": "coordinator_cluster.authConfig.basic",
	} {
		_, err := ParseConfig([]byte(file("coordinator_cluster", text+" ")))
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || invalid.Problems[0].Field != path || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for text, path := range map[string]string{
		"{endpoint: http://c, basic_auth: {k8s_secret_name: x}}":             "coordinator_cluster.endpoint",
		"{endpoint: https://c, basic_auth: {username: u, password: s3cr3t}}": "coordinator_cluster.basic_auth.password",
		"{endpoint: 'https://c?api-key=s3cr3t', no_auth: }":                  "coordinator_cluster.endpoint",
	} {
		_, err := New(config(t, "coordinator_cluster", text), Dependencies{Workflows: &recorder{}})
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != path || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// The workflow gets the coordinator as it gets the target.
func TestParametersOfTheCoordinator(t *testing.T) {
	const permitted = "{reindex_from_snapshot: {argo: {workflow_template_name: bulk-load, plaintext_credentials: true}}}"
	for text, want := range map[string]map[string]any{
		"{endpoint: https://c, allowInsecure: true, authConfig: {basic: {secretName: c-creds}}}": {
			"coordinator-host": "https://c", "coordinator-insecure": true, "coordinator-secret": "c-creds",
			"coordinator-config": `{"allow_insecure":true,"basic_auth":{"k8s_secret_name":"c-creds"},"endpoint":"https://c"}`,
		},
		"{endpoint: https://c, basic_auth: {username: u, password: s3cr3t}}": {
			"coordinator-host": "https://c", "coordinator-insecure": false, "coordinator-username": "u", "coordinator-password": "s3cr3t",
			"coordinator-config": `{"allow_insecure":false,"basic_auth":{"username":"u"},"endpoint":"https://c"}`,
		},
		"{endpoint: https://c, sigv4: {region: r}}": {
			"coordinator-host": "https://c", "coordinator-insecure": false,
			"coordinator-config": `{"allow_insecure":false,"endpoint":"https://c","sigv4":{"region":"r","service":"es"}}`,
		},
	} {
		r := &recorder{status: &status.WorkflowStatus{}}
		cfg, err := ParseConfig([]byte(file("backfill", permitted) + "coordinator_cluster: " + text + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := New(cfg, Dependencies{Workflows: r})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := maps.Clone(r.requests[0].OptionalParameters)
		maps.DeleteFunc(got, func(name string, _ any) bool { return !strings.HasPrefix(name, "coordinator-") })
		if !maps.Equal(got, want) || r.requests[0].OptionalParameters["target-host"] != "https://t:9200" {
			t.Errorf("%v\nwant %v", got, want)
		}
		shown, err := json.Marshal(b.Describe())
		if err != nil || strings.Contains(string(shown), "s3cr3t") || !strings.Contains(string(shown), `"CoordinatorCluster":{"Endpoint":"https://c"`) {
			t.Errorf("%s, %v", shown, err)
		}
	}
}

// connected is a client of a cluster.
type connected struct {
	countsOnly
	endpoint string
}

func (c *connected) Endpoint() string { return c.endpoint }

// A client of the wrong cluster would report that there is no working state.
func TestTheWorkingStateIsOnTheCoordinator(t *testing.T) {
	cfg := config(t, "coordinator_cluster", "{endpoint: https://c, sigv4: }")
	if c := cfg.WorkingStateCluster(); c.Endpoint != "https://c" || c.SigV4 == nil || c.Section != "coordinator_cluster" || cfg.CoordinatorCluster.Section != "" {
		t.Errorf("%+v", c)
	}
	plain := config(t, "", "")
	if c := plain.WorkingStateCluster(); c != plain.TargetCluster {
		t.Errorf("%+v", c)
	}
	both := cfg
	both.CoordinatorCluster = &Cluster{Endpoint: cfg.TargetCluster.Endpoint}
	for _, c := range []struct {
		cfg      Config
		endpoint string
		refused  bool
	}{
		{cfg, "https://c", false}, {cfg, "http://localhost:9200", false}, {cfg, "https://t:9200", true},
		{plain, "https://t:9200", false}, {both, "https://t:9200", false},
	} {
		_, err := New(c.cfg, Dependencies{Workflows: &recorder{}, WorkingState: &connected{endpoint: c.endpoint}})
		if errors.Is(err, workflow.ErrInvalid) != c.refused || err != nil && !strings.Contains(err.Error(), "WorkingStateCluster") {
			t.Errorf("%s: %v", c.endpoint, err)
		}
	}
	if _, err := New(cfg, Dependencies{Workflows: &recorder{}, WorkingState: Unreachable(errors.New("no secret"))}); err != nil {
		t.Error(err)
	}
}
