package backfill

import (
	"fmt"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ParseConfig reads the migration console's YAML, or the same as JSON: target_cluster,
// snapshot and backfill. The file's other parts are ignored; within these three an unknown
// key is an error. A cluster can also be in the form in which workflows hand it on, with
// allowInsecure and authConfig.
//
// The text has at most 3 MiB, also with its aliases written out. The error is a [*workflow.InvalidError] that lists every problem with its path, and of the file's
// values only names that are not well-formed; or, for a file that is not valid YAML, one that says
// what is wrong and in which line, without any value. Both match [workflow.ErrInvalid].
func ParseConfig(data []byte) (Config, error) {
	text, err := strictyaml.ToJSON(data)
	if err != nil {
		return Config{}, fmt.Errorf("%w: the configuration: %w", workflow.ErrInvalid, err)
	}
	var file any
	if err := utiljson.Unmarshal(text, &file); err != nil { // which may show a number
		return Config{}, fmt.Errorf("%w: the configuration has a value that can't be read", workflow.ErrInvalid)
	}
	fields, ok := file.(map[string]any)
	if !ok {
		return Config{}, fmt.Errorf("%w: the configuration must be a mapping with the keys target_cluster, snapshot and backfill",
			workflow.ErrInvalid)
	}

	root := &section{fields: fields, asked: map[string]bool{}, problems: new(field.ErrorList)}
	var cfg Config
	if target := root.section("target_cluster"); target != nil {
		cfg.TargetCluster = readCluster(target)
	} else {
		root.add(field.Required(root.child("target_cluster"), "the cluster to write to"))
	}
	if snapshot := root.section("snapshot"); snapshot != nil {
		cfg.Snapshot = readSnapshot(snapshot)
	}
	if source, ok := fields["source_cluster"].(map[string]any); ok {
		// Not ours to check, but the template wants to know the version.
		version := &section{path: root.child("source_cluster"), fields: source, asked: map[string]bool{}, problems: root.problems}
		cfg.SourceVersion = version.scalar("version")
	}
	if backfill := root.section("backfill"); backfill != nil {
		cfg.Backfill = readBackfill(backfill)
	} else {
		root.add(field.Required(root.child("backfill"), "how to reindex"))
	}
	*root.problems = append(*root.problems, cfg.secretProblems()...)
	if len(*root.problems) > 0 {
		return Config{}, &workflow.InvalidError{Problems: *root.problems}
	}
	return cfg, nil
}

func readSnapshot(s *section) *Snapshot {
	defer s.done()
	snapshot := &Snapshot{
		Name:           s.required("snapshot_name", "the snapshot's name"),
		RepositoryName: s.text("snapshot_repo_name"),
		Mode:           s.text("mode"),
	}
	if m := snapshot.Mode; m != "" && m != "create" && m != "import" {
		s.add(field.Invalid(s.child("mode"), field.OmitValueType{}, "must be create or import"))
	}
	for _, key := range []string{"otel_trace_endpoint", "otel_metrics_endpoint", "solr_collections"} {
		s.lookup(key) // of no use to a backfill
	}
	switch s.oneOf("s3", "gcs", "fs") {
	case "s3":
		repo := s.section("s3")
		snapshot.S3 = &S3Repository{
			URI:    repo.required("repo_uri", "such as s3://bucket/path"),
			Region: repo.required("aws_region", "such as us-east-1"),
			Role:   repo.text("role"), Endpoint: repo.text("endpoint"),
		}
		repo.done()
	case "gcs":
		repo := s.section("gcs")
		snapshot.GCS = &GCSRepository{URI: repo.required("repo_uri", "such as gs://bucket/path"), Endpoint: repo.text("endpoint")}
		repo.done()
	case "fs":
		repo := s.section("fs")
		snapshot.FS = &FSRepository{Path: repo.required("repo_path", "the repository's folder")}
		repo.done()
	}
	return snapshot
}

func readBackfill(s *section) Reindex {
	defer s.done()
	switch s.oneOf("opensearch_ingestion", "reindex_from_snapshot") {
	case "opensearch_ingestion":
		return Reindex{Provider: ProviderOpenSearchIngestion, Scale: DefaultScale}
	case "reindex_from_snapshot":
		return readReindex(s.section("reindex_from_snapshot"))
	}
	return Reindex{}
}

func readReindex(s *section) Reindex {
	defer s.done()
	r := Reindex{
		Session:            s.text("session_name"),
		SnapshotName:       s.text("snapshot_name"),
		SnapshotRepository: s.text("snapshot_repo"),
		Scale:              s.positive("scale", DefaultScale),
	}
	// The console has two names for it.
	switch other := s.text("backfill_session_name"); {
	case r.Session == "":
		r.Session = other
	case other != "" && other != r.Session:
		s.add(field.Invalid(s.child("backfill_session_name"), other, "must be the same as session_name, or left out"))
	}
	if r.Session != "" {
		for _, problem := range sessionProblems(r.Session) {
			s.add(field.Invalid(s.child("session_name"), r.Session, problem))
		}
	}
	r.Provider = Provider(s.oneOf("docker", "ecs", "k8s", "argo"))
	switch r.Provider {
	case ProviderArgo:
		r.Argo = readArgo(s.section("argo"))
	case ProviderDocker:
		readKeys(s.section("docker"), nil, "socket")
	case ProviderECS:
		readKeys(s.section("ecs"), []string{"cluster_name", "service_name"}, "aws_region")
	case ProviderK8s:
		r.K8s = readK8s(s.section("k8s"))
	}
	return r
}

// readKeys checks the mapping of a provider that New refuses.
func readKeys(s *section, required []string, optional ...string) {
	for _, key := range required {
		s.required(key, "for this provider")
	}
	for _, key := range optional {
		s.text(key)
	}
	s.done()
}

func readK8s(s *section) *K8s {
	defer s.done()
	k := &K8s{
		Namespace:  s.required("namespace", "that of the Deployment"),
		Deployment: s.required("deployment_name", "the Deployment to scale"),
	}
	if k.Namespace != "" {
		for _, problem := range validation.IsDNS1123Label(k.Namespace) {
			s.add(field.Invalid(s.child("namespace"), k.Namespace, problem))
		}
	}
	if k.Deployment != "" {
		for _, problem := range validation.IsDNS1123Subdomain(k.Deployment) {
			s.add(field.Invalid(s.child("deployment_name"), k.Deployment, problem))
		}
	}
	return k
}

func readArgo(s *section) *Argo {
	defer s.done()
	a := &Argo{
		WorkflowTemplate:     s.required("workflow_template_name", "the WorkflowTemplate to start, such as bulk-load"),
		Namespace:            s.text("namespace"),
		Entrypoint:           s.text("entrypoint"),
		PlaintextCredentials: s.bool("plaintext_credentials"),
	}
	if a.Namespace == "" {
		a.Namespace = workflow.DefaultNamespace
	}
	for _, problem := range validation.IsDNS1123Label(a.Namespace) {
		s.add(field.Invalid(s.child("namespace"), a.Namespace, problem))
	}
	if a.Entrypoint == "" {
		a.Entrypoint = DefaultEntrypoint
	}
	if parameters := s.section("parameters"); parameters != nil {
		a.Parameters = sealed(parameters.fields)
		for name, value := range a.Parameters {
			if value == nil {
				parameters.add(field.Invalid(parameters.child(shownKey(name)), field.OmitValueType{},
					`must not be null: leave it out, or give ""`))
			}
		}
	}
	return a
}
