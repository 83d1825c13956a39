package backfill

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// file returns a complete configuration with one part replaced.
func file(part, text string) string {
	parts := map[string]string{
		"target_cluster": "{endpoint: https://t:9200, no_auth: }",
		"snapshot":       "{snapshot_name: s, s3: {repo_uri: s3://b/p, aws_region: r}}",
		"backfill":       "{reindex_from_snapshot: {argo: {workflow_template_name: bulk-load}}}",
	}
	parts[part] = text
	var b strings.Builder
	for _, key := range []string{"target_cluster", "coordinator_cluster", "snapshot", "backfill"} {
		if parts[key] != "" {
			fmt.Fprintf(&b, "%s: %s\n", key, parts[key])
		}
	}
	return b.String()
}

func TestParseConfig(t *testing.T) {
	cfg, err := ParseConfig([]byte(`
source_cluster: {endpoint: https://s:9200, version: ES 7.10.2, anything: {else: 1}}
target_cluster:
  endpoint: https://t:9200
  version: "3.1"
  allow_insecure: true
  sigv4_signing_endpoint: https://other
  basic_auth: {username: admin, password: s3cr3t}
snapshot:
  snapshot_name: nightly
  snapshot_repo_name: repo
  mode: import
  otel_trace_endpoint: http://o
  s3: {repo_uri: s3://b/p, aws_region: us-east-2, role: arn, endpoint: http://minio}
backfill:
  reindex_from_snapshot:
    session_name: session-42
    backfill_session_name: session-42
    snapshot_name: other
    snapshot_repo: other-repo
    scale: 8
    argo:
      workflow_template_name: bulk-load
      namespace: migrations
      entrypoint: run
      plaintext_credentials: true
      parameters: {image-config: {a: 1}, shards: 3}
metadata_migration: {ignored: true}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Config{
		TargetCluster: Cluster{
			Endpoint: "https://t:9200", Version: "3.1", AllowInsecure: true, SigV4SigningEndpoint: "https://other",
			Basic: &BasicAuth{Username: "admin", Password: NewSecret("s3cr3t")},
		},
		SourceVersion: "ES 7.10.2",
		Snapshot: &Snapshot{
			Name: "nightly", RepositoryName: "repo", Mode: "import",
			S3: &S3Repository{URI: "s3://b/p", Region: "us-east-2", Role: "arn", Endpoint: "http://minio"},
		},
		Backfill: Reindex{
			Provider: ProviderArgo, Session: "session-42", SnapshotName: "other", SnapshotRepository: "other-repo", Scale: 8,
			Argo: &Argo{
				WorkflowTemplate: "bulk-load", Namespace: "migrations", Entrypoint: "run", PlaintextCredentials: true,
				Parameters: map[string]any{"image-config": map[string]any{"a": int64(1)}, "shards": int64(3)},
			},
		},
	}
	if got := cfg.TargetCluster.Basic.Password; !got.Equal(want.TargetCluster.Basic.Password) {
		t.Errorf("password %q", got.Reveal())
	}
	cfg.TargetCluster.Basic.Password, want.TargetCluster.Basic.Password = Secret{}, Secret{} // compared
	if !reflect.DeepEqual(cfg, want) {
		t.Errorf("%+v\nwant %+v", cfg, want)
	}
}

// refersTo reports whether the only credentials of a configuration are one reference to a secret.
func refersTo(c Config, k8s, arn string) bool {
	basic := c.TargetCluster.Basic
	return basic.Username == "" && basic.Password.Reveal() == "" && basic.K8sSecretName == k8s && basic.UserSecretARN == arn
}

func TestParseConfigDefaultsAndKinds(t *testing.T) {
	for name, tc := range map[string]struct {
		part, text string
		check      func(Config) bool
	}{
		"defaults": {"", "", func(c Config) bool {
			return c.Backfill.Scale == 5 && c.Backfill.Argo.Namespace == "ma" && c.Backfill.Argo.Entrypoint == "run-bulk-load" &&
				c.TargetCluster.Basic == nil && c.TargetCluster.SigV4 == nil
		}},
		"no snapshot": {"snapshot", "", func(c Config) bool { return c.Snapshot == nil }},
		"sigv4 with defaults": {"target_cluster", "{endpoint: http://t, sigv4: }", func(c Config) bool {
			return *c.TargetCluster.SigV4 == SigV4Auth{Service: "es"}
		}},
		"sigv4": {"target_cluster", "{endpoint: http://t, sigv4: {region: r, service: aoss}}", func(c Config) bool {
			return *c.TargetCluster.SigV4 == SigV4Auth{Region: "r", Service: "aoss"}
		}},
		"secret of Kubernetes": {"target_cluster", "{endpoint: http://t, basic_auth: {k8s_secret_name: creds}}", func(c Config) bool {
			return refersTo(c, "creds", "")
		}},
		"secret of AWS": {"target_cluster", "{endpoint: http://t, basic_auth: {user_secret_arn: a}}", func(c Config) bool {
			return refersTo(c, "", "a")
		}},
		"workflows' form": {"target_cluster", "{endpoint: http://t, allowInsecure: true, authConfig: {basic: {secretName: creds}}}", func(c Config) bool {
			return c.TargetCluster.AllowInsecure && refersTo(c, "creds", "")
		}},
		"workflows' form, ARN": {"target_cluster", "{endpoint: http://t, authConfig: {basic: {secretArn: a}}}", func(c Config) bool {
			return refersTo(c, "", "a")
		}},
		"workflows' form, sigv4": {"target_cluster", "{endpoint: http://t, authConfig: {sigv4: {region: r}}}", func(c Config) bool {
			return *c.TargetCluster.SigV4 == SigV4Auth{Region: "r", Service: "es"}
		}},
		"workflows' form, none": {"target_cluster", "{endpoint: http://t, authConfig: {noAuth: }}", func(c Config) bool {
			return c.TargetCluster.Basic == nil && c.TargetCluster.SigV4 == nil
		}},
		"workflows' form, by default": {"target_cluster", "{endpoint: http://t, allowInsecure: false}", func(c Config) bool {
			return !c.TargetCluster.AllowInsecure && c.TargetCluster.Basic == nil && c.TargetCluster.SigV4 == nil
		}},
		"gcs": {"snapshot", "{snapshot_name: s, gcs: {repo_uri: gs://b}}", func(c Config) bool { return c.Snapshot.GCS.URI == "gs://b" }},
		"fs":  {"snapshot", "{snapshot_name: s, fs: {repo_path: /p}}", func(c Config) bool { return c.Snapshot.FS.Path == "/p" }},
		"docker": {"backfill", "{reindex_from_snapshot: {docker: {socket: s}}}", func(c Config) bool {
			return c.Backfill.Provider == ProviderDocker
		}},
		"docker alone": {"backfill", "{reindex_from_snapshot: {docker: }}", func(c Config) bool { return c.Backfill.Provider == ProviderDocker }},
		"ecs": {"backfill", "{reindex_from_snapshot: {ecs: {cluster_name: c, service_name: s}}}", func(c Config) bool {
			return c.Backfill.Provider == ProviderECS
		}},
		"k8s": {"backfill", "{reindex_from_snapshot: {k8s: {namespace: ns, deployment_name: d}}}", func(c Config) bool {
			return c.Backfill.Provider == ProviderK8s
		}},
		"ingestion": {"backfill", "{opensearch_ingestion: {any: thing}}", func(c Config) bool {
			return c.Backfill.Provider == ProviderOpenSearchIngestion
		}},
		"the other name of a session": {
			"backfill", "{reindex_from_snapshot: {backfill_session_name: b, argo: {workflow_template_name: t}}}",
			func(c Config) bool { return c.SessionName() == "b" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := ParseConfig([]byte(file(tc.part, tc.text)))
			if err != nil || !tc.check(cfg) {
				t.Errorf("%+v, %v", cfg, err)
			}
		})
	}
}

func TestParseConfigRefuses(t *testing.T) {
	argo := func(text string) string {
		return "{reindex_from_snapshot: {argo: {workflow_template_name: t" + text + "}}}"
	}
	for name, tc := range map[string]struct {
		part, text string
		want       []string // paths
	}{
		"a version that YAML has shortened": {
			"target_cluster", "{endpoint: http://t, no_auth: , version: 7.10}", []string{"target_cluster.version"},
		},
		"both forms": {
			"target_cluster", "{endpoint: http://t, allow_insecure: true, allowInsecure: true, sigv4: , authConfig: {noAuth: , basic: }}",
			[]string{"target_cluster.allowInsecure", "target_cluster"},
		},
		"names of the other form": {
			"target_cluster", "{endpoint: http://t, authConfig: {basic: {k8s_secret_name: c}}}",
			[]string{"target_cluster.authConfig.basic", "target_cluster.authConfig.basic.k8s_secret_name"},
		},
		"an empty mapping":   {"target_cluster", "{}", []string{"target_cluster.endpoint", "target_cluster"}},
		"no target":          {"target_cluster", "", []string{"target_cluster"}},
		"no backfill":        {"backfill", "", []string{"backfill"}},
		"a string":           {"target_cluster", "x", []string{"target_cluster", "target_cluster.endpoint", "target_cluster"}},
		"an unknown key":     {"target_cluster", "{endpoint: http://t, no_auth: , passwort: s3cr3t}", []string{"target_cluster.passwort"}},
		"two kinds of auth":  {"target_cluster", "{endpoint: http://t, no_auth: , sigv4: }", []string{"target_cluster"}},
		"keys under no_auth": {"target_cluster", "{endpoint: http://t, no_auth: {a: 1}}", []string{"target_cluster.no_auth.a"}},
		"not a URL":          {"target_cluster", "{endpoint: t, no_auth: }", []string{"target_cluster.endpoint"}},
		"a password in the URL": {
			"target_cluster", "{endpoint: 'https://u:s3cr3t@t', no_auth: }", []string{"target_cluster.endpoint"},
		},
		"a number for a bool": {"target_cluster", "{endpoint: http://t, no_auth: , allow_insecure: 1}", []string{"target_cluster.allow_insecure"}},
		"a number for a password": {
			"target_cluster", "{endpoint: http://t, basic_auth: {username: u, password: 31337}}",
			[]string{"target_cluster.basic_auth.password", "target_cluster.basic_auth.password"},
		},
		"no password":       {"target_cluster", "{endpoint: http://t, basic_auth: {username: u}}", []string{"target_cluster.basic_auth.password"}},
		"no user":           {"target_cluster", "{endpoint: http://t, basic_auth: {password: s3cr3t}}", []string{"target_cluster.basic_auth.username"}},
		"empty basic auth":  {"target_cluster", "{endpoint: http://t, basic_auth: }", []string{"target_cluster.basic_auth"}},
		"two kinds of user": {"target_cluster", "{endpoint: http://t, basic_auth: {username: u, password: p, k8s_secret_name: creds}}", []string{"target_cluster.basic_auth"}},
		"a bad snapshot": {
			"snapshot", "{mode: s3cr3t, s3: {repo_uri: u}, gcs: {}}", []string{"snapshot.snapshot_name", "snapshot.mode", "snapshot"},
		},
		"no repository":        {"snapshot", "{snapshot_name: s}", []string{"snapshot"}},
		"an unknown provider":  {"backfill", "{reindex_from_snapshot: {nomad: {}}}", []string{"backfill.reindex_from_snapshot", "backfill.reindex_from_snapshot.nomad"}},
		"two providers":        {"backfill", "{reindex_from_snapshot: {argo: {workflow_template_name: t}, k8s: {}}}", []string{"backfill.reindex_from_snapshot"}},
		"two backfills":        {"backfill", "{opensearch_ingestion: , reindex_from_snapshot: }", []string{"backfill"}},
		"no template":          {"backfill", "{reindex_from_snapshot: {argo: }}", []string{"backfill.reindex_from_snapshot.argo.workflow_template_name"}},
		"a bad namespace":      {"backfill", argo(", namespace: No"), []string{"backfill.reindex_from_snapshot.argo.namespace"}},
		"a null parameter":     {"backfill", argo(", parameters: {p: }"), []string{"backfill.reindex_from_snapshot.argo.parameters.p"}},
		"a list of parameters": {"backfill", argo(", parameters: [p]"), []string{"backfill.reindex_from_snapshot.argo.parameters"}},
		"a bad scale":          {"backfill", "{reindex_from_snapshot: {scale: 0, docker: }}", []string{"backfill.reindex_from_snapshot.scale"}},
		"a bad session":        {"backfill", "{reindex_from_snapshot: {session_name: A_b, docker: }}", []string{"backfill.reindex_from_snapshot.session_name"}},
		"a long session": {
			"backfill", "{reindex_from_snapshot: {session_name: " + strings.Repeat("s", 42) + ", docker: }}",
			[]string{"backfill.reindex_from_snapshot.session_name"},
		},
		"two sessions": {
			"backfill", "{reindex_from_snapshot: {session_name: a, backfill_session_name: b, docker: }}",
			[]string{"backfill.reindex_from_snapshot.backfill_session_name"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ParseConfig([]byte(file(tc.part, tc.text)))
			var invalid *workflow.InvalidError
			if !errors.As(err, &invalid) || !errors.Is(err, workflow.ErrInvalid) {
				t.Fatalf("%v", err)
			}
			var paths []string
			for _, p := range invalid.Problems {
				paths = append(paths, p.Field)
			}
			if !reflect.DeepEqual(paths, tc.want) {
				t.Errorf("%v\nwant paths %v", err, tc.want)
			}
			for _, secret := range []string{"s3cr3t", "31337"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("the error contains a value: %v", err)
				}
			}
		})
	}
	for name, text := range map[string]string{
		"not YAML": "a: [", "a list": "[]", "nothing": "", "a key twice": "backfill: {}\nbackfill: {}",
	} {
		if _, err := ParseConfig([]byte(text)); !errors.Is(err, workflow.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A file may contain a password just where it is not valid YAML.
func TestSyntaxErrorsContainNoValues(t *testing.T) {
	for value, says := range map[string]string{
		"*s3cr3t":       "has an alias without an anchor; quote strings that begin with *",
		"!!int s3cr3t":  "has a value that its tag does not allow",
		"{~: s3cr3t}":   "has a key that is not a string",
		"{[s3cr3t]: 1}": "has a map or a list as a key",
		"@s3cr3t":       "line 2: found character that cannot start any token",
		".nan":          "is not valid YAML",
	} {
		_, err := ParseConfig([]byte("target_cluster:\n  basic_auth: {password: " + value + "}\n"))
		if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v", value, err)
		}
	}
}

func TestTheExampleParses(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("..", "..", "examples", "backfill", "backfill.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseConfig(data); err != nil {
		t.Error(err)
	}
}

func FuzzParseConfig(f *testing.F) {
	f.Add([]byte(file("", "")))
	f.Add([]byte("target_cluster: {basic_auth: [1]}\nbackfill: {reindex_from_snapshot: {argo: {parameters: {a: {b: [1]}}}}}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := ParseConfig(data)
		if err != nil {
			if !errors.Is(err, workflow.ErrInvalid) {
				t.Fatalf("not ErrInvalid: %v", err)
			}
			return
		}
		if _, err := json.Marshal(cfg); err != nil {
			t.Fatal(err)
		}
	})
}
