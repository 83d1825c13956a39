package backfill

import (
	"errors"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// If the space after a colon is missing, the value is part of the key.
func TestUnknownKeysContainNoValues(t *testing.T) {
	for text, path := range map[string]string{
		file("target_cluster", "{endpoint: https://t, basic_auth: {k8s_secret_name: c, password:s3cr3t}}"):                     "target_cluster.basic_auth.password…",
		file("backfill", "{reindex_from_snapshot: {argo: {workflow_template_name: t, parameters: {target-password:s3cr3t}}}}"): "backfill.reindex_from_snapshot.argo.parameters.target-password…",
		file("snapshot", "{snapshot_name: s, fs: {repo_path: /p}, token = s3cr3t}"):                                            "snapshot.token…",
	} {
		_, err := ParseConfig([]byte(text))
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != path || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestSecretsAmongTheParametersMustBePermitted(t *testing.T) {
	for name, c := range map[string]struct {
		value any
		path  string // "" if it is not a secret
	}{
		"target-password": {"s3cr3t", "target-password"},
		"api-token":       {"s3cr3t", "api-token"},
		"secret-key":      {"s3cr3t", "secret-key"},
		"number-secret":   {7777777, ""}, // a field for the number of secrets
		"pin-secret":      {7777777, "pin-secret"},
		"target-config":   {map[string]any{"basic_auth": map[string]any{"password": "s3cr3t"}}, "target-config.basic_auth.password"},
		"list":            {[]any{map[string]any{"apiKey": "s3cr3t"}}, "list[0].apiKey"},
		"json":            {`{"basic_auth": {"password": "s3cr3t"}}`, "json.basic_auth.password"},
		"yaml":            {"basic_auth:\n  password: s3cr3t", "yaml.basic_auth.password"},
		"source-host":     {"https://u:s3cr3t@host", "source-host"},
		"typed":           {NewSecret("s3cr3t"), "typed"},
		"target-secret":   {"a-name", ""},
		"k8s_secret_name": {"a-name", ""},
		"token-count":     {7, ""},
		"empty-password":  {"", ""},
		"use-token":       {"true", ""},
		"reference":       {map[string]any{"secretKeyRef": map[string]any{"name": "a-name", "key": "password"}}, ""},
		"source":          {"https://host:9200", ""},
	} {
		cfg := config(t, "", "")
		cfg.Backfill.Argo.Parameters = map[string]any{name: c.value}
		_, err := New(cfg, Dependencies{Workflows: &recorder{}})
		if c.path == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != "backfill.reindex_from_snapshot.argo.parameters."+c.path ||
			strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "plaintext_credentials") {
			t.Errorf("%s: %v", name, err)
		}
		cfg.Backfill.Argo.PlaintextCredentials = true
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); err != nil {
			t.Errorf("%s: permitted: %v", name, err)
		}
	}
}

func TestEndpointsHaveNoUserinfo(t *testing.T) {
	const userinfo = "https://u:s3cr3t@host:9200"
	for path, text := range map[string]string{
		"target_cluster.endpoint":               "target_cluster: {endpoint: '" + userinfo + "', no_auth: }",
		"target_cluster.sigv4_signing_endpoint": "target_cluster: {endpoint: 'https://t', sigv4_signing_endpoint: '" + userinfo + "', sigv4: }",
		"snapshot.s3.endpoint":                  "snapshot: {snapshot_name: s, s3: {repo_uri: 's3://b', aws_region: r, endpoint: 'u:s3cr3t@host'}}",
		"snapshot.s3.repo_uri":                  "snapshot: {snapshot_name: s, s3: {repo_uri: 's3://u:s3cr3t@b/p', aws_region: r}}",
		"snapshot.gcs.endpoint":                 "snapshot: {snapshot_name: s, gcs: {repo_uri: 'gs://b', endpoint: '" + userinfo + "'}}",
		"snapshot.gcs.repo_uri":                 "snapshot: {snapshot_name: s, gcs: {repo_uri: 'gs://s3cr3t@b'}}",
	} {
		part, rest, _ := strings.Cut(text, ": ")
		_, err := ParseConfig([]byte(file(part, rest)))
		var invalid *workflow.InvalidError
		if !errors.As(err, &invalid) || len(invalid.Problems) != 1 || invalid.Problems[0].Field != path || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, place := range []string{"https://u:s3cr3t/x@host", "https://u:s3cr3t#x@host", "//u:s3cr3t@host"} { // the escape is easily forgotten
		_, err := ParseConfig([]byte(file("snapshot", "{snapshot_name: s, s3: {repo_uri: 's3://b', aws_region: r, endpoint: '"+place+"'}}")))
		if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), "snapshot.s3.endpoint") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", place, err)
		}
	}
	for path, change := range map[string]func(*Config){ // a configuration can be built without a file
		"target_cluster.endpoint": func(c *Config) { c.TargetCluster.Endpoint = userinfo },
		"snapshot.s3.endpoint":    func(c *Config) { c.Snapshot.S3.Endpoint = userinfo },
		"snapshot.s3.repo_uri":    func(c *Config) { c.Snapshot.S3.URI = "s3://b?token=s3cr3t" },
	} {
		cfg := config(t, "", "")
		change(&cfg)
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); !errors.Is(err, workflow.ErrInvalid) ||
			!strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// The workers, too, would send the password unencrypted over the network.
func TestBasicAuthOverHTTP(t *testing.T) {
	for endpoint, refused := range map[string]bool{
		"http://t:9200": true, "HTTP://t": true, "http://10.0.0.1:9200": true, "http://127.0.0.1.example": true, "http://localhost.example": true,
		"http://[2001:db8::1]": true, "http://0.0.0.0": true, "ht tp://t": true, "//t": true, "t:9200": true,
		"https://t:9200": false, "http://localhost:9200": false, "http://127.0.0.1:9200": false, "http://127.8.9.1": false, "http://[::1]:9200": false,
	} {
		cfg := config(t, "", "")
		cfg.TargetCluster = Cluster{Endpoint: endpoint, Basic: &BasicAuth{K8sSecretName: "target"}}
		_, err := New(cfg, Dependencies{Workflows: &recorder{}})
		if errors.Is(err, workflow.ErrInvalid) != refused || refused && !strings.Contains(err.Error(), "allow_insecure: true") {
			t.Errorf("%s: %v", endpoint, err)
		}
		cfg.TargetCluster.AllowInsecure = true
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); err != nil {
			t.Errorf("%s, allowed: %v", endpoint, err)
		}
		cfg.TargetCluster = Cluster{Endpoint: endpoint}
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); err != nil {
			t.Errorf("%s, without a password: %v", endpoint, err)
		}
	}
}
