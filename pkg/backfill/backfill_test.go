package backfill

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// recorder answers Start and List, and records the requests. Other methods panic.
type recorder struct {
	workflow.Interface
	requests []workflow.StartRequest
	runs     []*status.WorkflowStatus
	status   *status.WorkflowStatus // of the started workflow
	err      error
	startErr error
}

func (r *recorder) Start(_ context.Context, req workflow.StartRequest) (*workflow.StartResult, error) {
	r.requests = append(r.requests, req)
	if err := errors.Join(r.err, r.startErr); err != nil {
		return nil, err
	}
	return &workflow.StartResult{WorkflowStatus: r.status}, nil
}

func (r *recorder) List(context.Context, workflow.ListOptions) iter.Seq2[*status.WorkflowStatus, error] {
	return func(yield func(*status.WorkflowStatus, error) bool) {
		if r.err != nil {
			yield(nil, r.err)
		}
		for _, s := range r.runs {
			if !yield(s, nil) {
				return
			}
		}
	}
}

func config(t *testing.T, part, text string) Config {
	t.Helper()
	cfg, err := ParseConfig([]byte(file(part, text)))
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestStartRequest(t *testing.T) {
	for name, tc := range map[string]struct {
		part, text string
		optional   map[string]any // changes to the usual fields; nil removes one
	}{
		"plain": {},
		"secret reference": {"target_cluster", "{endpoint: https://t:9200, allow_insecure: true, basic_auth: {k8s_secret_name: creds}}", map[string]any{
			"target-secret":   "creds",
			"target-insecure": true,
			"target-config":   `{"allow_insecure":true,"basic_auth":{"k8s_secret_name":"creds"},"endpoint":"https://t:9200"}`,
		}},
		"another secret reference": {"target_cluster", "{endpoint: https://t:9200, version: OS 3, basic_auth: {user_secret_arn: a}}", map[string]any{
			"target-config": `{"allow_insecure":false,"basic_auth":{"user_secret_arn":"a"},"endpoint":"https://t:9200","version":"OS 3"}`,
		}},
		"sigv4": {"target_cluster", "{endpoint: https://t:9200, sigv4: {region: r}}", map[string]any{
			"target-config": `{"allow_insecure":false,"endpoint":"https://t:9200","sigv4":{"region":"r","service":"es"}}`,
		}},
		"endpoint of S3": {"snapshot", "{snapshot_name: s, snapshot_repo_name: repo, s3: {repo_uri: s3://b/p, aws_region: r, endpoint: http://m}}", map[string]any{
			"s3-endpoint": "http://m", "snapshot-repo-name": "repo",
		}},
		"no S3": {"snapshot", "{snapshot_name: s, fs: {repo_path: /p}}", map[string]any{"s3-repo-uri": nil, "s3-region": nil}},
		"the user's parameters win": {
			"backfill", "{reindex_from_snapshot: {scale: 9, session_name: my, argo: {workflow_template_name: bulk-load, parameters: {target-host: mine}}}}",
			map[string]any{"replicas": 9, "session-name": "my", "target-host": nil},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{status: &status.WorkflowStatus{}}
			cfg := config(t, tc.part, tc.text)
			b, err := New(cfg, Dependencies{Workflows: r})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := b.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			req := r.requests[0]
			want := map[string]any{
				"session-name": "rfs-s", "snapshot-name": "s", "replicas": 5, "target-host": "https://t:9200", "target-insecure": false,
				"s3-repo-uri": "s3://b/p", "s3-region": "r", "use-localstack-aws-creds": false, "localstack-enabled": false,
				"target-config": `{"allow_insecure":false,"endpoint":"https://t:9200","no_auth":null}`,
			}
			for name, value := range tc.optional {
				if want[name] = value; value == nil {
					delete(want, name)
				}
			}
			if !reflect.DeepEqual(req.OptionalParameters, want) {
				t.Errorf("%v\nwant %v", req.OptionalParameters, want)
			}
			if !reflect.DeepEqual(req.Parameters, cfg.Backfill.Argo.Parameters) {
				t.Errorf("parameters: %v", req.Parameters)
			}
			session := cfg.SessionName()
			if req.Template != "bulk-load" || req.Entrypoint != "run-bulk-load" || req.Name != "backfill-"+session ||
				req.Labels[labelSession] != session || req.IdempotencyKey != "backfill/"+session || req.DryRun {
				t.Errorf("%+v", req)
			}
		})
	}
}

func TestPlaintextCredentialsMustBePermitted(t *testing.T) {
	cfg := config(t, "target_cluster", "{endpoint: https://t:9200, basic_auth: {username: u, password: s3cr3t}}")
	r := &recorder{status: &status.WorkflowStatus{}}
	if _, err := New(cfg, Dependencies{Workflows: r}); !errors.Is(err, workflow.ErrInvalid) || strings.Contains(err.Error(), "s3cr3t") {
		t.Fatalf("%v", err)
	}
	cfg.Backfill.Argo.PlaintextCredentials = true
	b, err := New(cfg, Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	optional := r.requests[0].OptionalParameters
	if optional["target-username"] != "u" || optional["target-password"] != "s3cr3t" {
		t.Errorf("%v", optional)
	}
	if strings.Contains(fmt.Sprint(optional["target-config"]), "s3cr3t") {
		t.Errorf("the password is in the target's configuration too: %v", optional["target-config"])
	}
}

func TestPasswordsAmongTheParametersMustBePermitted(t *testing.T) {
	cfg := config(t, "", "")
	cfg.Backfill.Argo.Parameters = map[string]any{"target-password": "s3cr3t", "target-secret": "a-name"}
	if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); !errors.Is(err, workflow.ErrInvalid) ||
		strings.Contains(err.Error(), "s3cr3t") || !strings.Contains(err.Error(), "argo.parameters.target-password") {
		t.Errorf("%v", err)
	}
	cfg.Backfill.Argo.PlaintextCredentials = true
	if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); err != nil {
		t.Error(err)
	}
}

// The authors of a configuration and of a template can be different people.
func TestConfigurationsContainNoExpressions(t *testing.T) {
	const code = "{{=sprig.env('HOME')}}"
	for name, change := range map[string]func(*Config){
		"argo.parameters.size":                      func(c *Config) { c.Backfill.Argo.Parameters = map[string]any{"size": code} },
		"argo.parameters.list":                      func(c *Config) { c.Backfill.Argo.Parameters = map[string]any{"list": []any{code}} },
		"argo.parameters.typed":                     func(c *Config) { c.Backfill.Argo.Parameters = map[string]any{"typed": workflow.Expression(code)} },
		"parameter snapshot-name, which is derived": func(c *Config) { c.Snapshot.Name = code },
		"parameter target-config, which is derived": func(c *Config) { c.TargetCluster.Version = code },
	} {
		cfg := config(t, "", "")
		change(&cfg)
		if _, err := New(cfg, Dependencies{Workflows: &recorder{}}); !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A configuration can be built without a file.
func TestNewSetsDefaults(t *testing.T) {
	cfg := Config{
		TargetCluster: Cluster{Endpoint: "https://t"}, Snapshot: &Snapshot{Name: "s"},
		Backfill: Reindex{Provider: ProviderArgo, Argo: &Argo{WorkflowTemplate: "bulk-load"}},
	}
	r := &recorder{status: &status.WorkflowStatus{}}
	b, err := New(cfg, Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Start(t.Context()); err != nil || r.requests[0].OptionalParameters["replicas"] != DefaultScale || r.requests[0].Entrypoint != DefaultEntrypoint {
		t.Errorf("%v, %+v", err, r.requests)
	}
	cfg.Backfill.Scale, cfg.Backfill.Session = -1, "No"
	var invalid *workflow.InvalidError
	if _, err := New(cfg, Dependencies{Workflows: r}); !errors.As(err, &invalid) || len(invalid.Problems) != 2 {
		t.Errorf("%v", err)
	}
}

type boundTo struct {
	recorder
	namespace string
}

func (b *boundTo) Namespace() string { return b.namespace }

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		part, text string
		deps       Dependencies
		want       error
	}{
		"no client":         {deps: Dependencies{}, want: workflow.ErrInvalid},
		"k8s, no client":    {"backfill", "{reindex_from_snapshot: {k8s: {namespace: ns, deployment_name: d}}}", Dependencies{}, workflow.ErrInvalid},
		"ecs":               {"backfill", "{reindex_from_snapshot: {ecs: {cluster_name: c, service_name: s}}}", Dependencies{}, workflow.ErrUnsupported},
		"ingestion":         {"backfill", "{opensearch_ingestion: }", Dependencies{}, workflow.ErrUnsupported},
		"no snapshot":       {part: "snapshot", deps: Dependencies{Workflows: &recorder{}}, want: ErrNoSnapshot},
		"another provider":  {"backfill", "{reindex_from_snapshot: {docker: }}", Dependencies{Workflows: &recorder{}}, workflow.ErrUnsupported},
		"another namespace": {deps: Dependencies{Workflows: &boundTo{namespace: "other"}}, want: workflow.ErrInvalid},
	} {
		if _, err := New(config(t, tc.part, tc.text), tc.deps); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := New(config(t, "", ""), Dependencies{Workflows: &boundTo{namespace: "ma"}}); err != nil {
		t.Errorf("the right namespace: %v", err)
	}
}

func TestCreateIsADryRun(t *testing.T) {
	r := &recorder{status: &status.WorkflowStatus{}}
	b, err := New(config(t, "", ""), Dependencies{Workflows: r})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Create(t.Context()); err != nil || !r.requests[0].DryRun {
		t.Errorf("%v, %+v", err, r.requests)
	}
	r.startErr = fmt.Errorf("x: %w", workflow.ErrTemplateNotFound)
	if err := b.Create(t.Context()); !errors.Is(err, workflow.ErrTemplateNotFound) || !strings.Contains(err.Error(), "rfs-s") {
		t.Errorf("%v", err)
	}
	r.startErr = workflow.ErrAlreadyExists
	if err := b.Create(t.Context()); !errors.Is(err, workflow.ErrAlreadyExists) {
		t.Errorf("a name that another workflow has: %v", err)
	}
	r.startErr = workflow.ErrIdempotencyMismatch
	if err := b.Create(t.Context()); !errors.Is(err, workflow.ErrIdempotencyMismatch) || !strings.Contains(err.Error(), "session_name") {
		t.Errorf("%v", err)
	}
}

// A run can be continued with another number of workers, or by a later version of this library, but
// not as another backfill.
func TestStartOfAnotherConfiguration(t *testing.T) {
	cfg := config(t, "", "")
	there := func(change func(*status.WorkflowStatus)) *status.WorkflowStatus {
		s := &status.WorkflowStatus{
			Name: "backfill-rfs-s", Phase: status.PhaseSucceeded, Template: status.TemplateRef{Name: "bulk-load"}, Entrypoint: "run-bulk-load",
			Arguments: []status.Parameter{
				{Name: "snapshot-name", Value: "s"}, {Name: "s3-repo-uri", Value: "s3://b/p"}, {Name: "target-host", Value: "https://t:9200"},
				{Name: "replicas", Value: "77"},
			},
		}
		change(s)
		return s
	}
	for name, tc := range map[string]struct {
		change func(*status.WorkflowStatus)
		says   string // "" if it is continued
	}{
		"workers":    {func(*status.WorkflowStatus) {}, ""},
		"template":   {func(s *status.WorkflowStatus) { s.Template.Name = "x" }, "workflow_template_name"},
		"entrypoint": {func(s *status.WorkflowStatus) { s.Entrypoint = "x" }, "entrypoint"},
		"snapshot":   {func(s *status.WorkflowStatus) { s.Arguments[0].Value = "x" }, "snapshot-name"},
		"repository": {func(s *status.WorkflowStatus) { s.Arguments[1].Value = "x" }, "s3-repo-uri"},
		"target":     {func(s *status.WorkflowStatus) { s.Arguments[2].Value = "x" }, "target-host"},
		"coordinator": {func(s *status.WorkflowStatus) {
			s.Arguments = append(s.Arguments, status.Parameter{Name: "coordinator-host", Value: "https://c"})
		}, "coordinator-host"},
		"another name": {func(s *status.WorkflowStatus) { s.Name = "x" }, "session_name"},
	} {
		s := there(tc.change)
		r := &recorder{runs: []*status.WorkflowStatus{s}, startErr: workflow.ErrConflict}
		b, err := New(cfg, Dependencies{Workflows: r})
		if err != nil {
			t.Fatal(err)
		}
		st, err := b.Start(t.Context())
		switch {
		case tc.says == "" && (err != nil || st.Workflow != s):
			t.Errorf("%s: %v", name, err)
		case tc.says != "" && (!errors.Is(err, workflow.ErrConflict) || !strings.Contains(err.Error(), tc.says)):
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRunNames(t *testing.T) {
	seen := map[string]bool{}
	for _, session := range []string{"a", "a-run-2", strings.Repeat("x", maxSessionLength)} {
		for run := range 12 {
			name := runName(session, run+1)
			if seen[name] || len(name) > maxNameLength || len(validation.IsDNS1123Label(name)) > 0 {
				t.Errorf("%s, run %d: %s", session, run+1, name)
			}
			seen[name] = true
		}
	}
}

func TestSessionName(t *testing.T) {
	seen := map[string]string{}
	for _, snapshot := range []string{"nightly", "Nightly", "nightly_", "nightly-", strings.Repeat("x", 60), strings.Repeat("x", 61), "ü", "a.b"} {
		cfg := Config{Snapshot: &Snapshot{Name: snapshot}}
		session := cfg.SessionName()
		if problems := sessionProblems(session); len(problems) > 0 {
			t.Errorf("%q gives %q: %v", snapshot, session, problems)
		}
		if other, taken := seen[session]; taken {
			t.Errorf("%q and %q share the session %q", snapshot, other, session)
		}
		seen[session] = snapshot
		if cfg.SessionName() != session {
			t.Errorf("%q does not always give the same session", snapshot)
		}
	}
	if _, ok := seen["rfs-nightly"]; !ok {
		t.Errorf("a good name was changed: %v", seen)
	}
}
