package backfill

import (
	"fmt"

	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/wfjson"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// ParseConfig reads the migration console's YAML or JSON: target_cluster, snapshot and backfill, and
// coordinator_cluster, which the console doesn't have. In these an unknown key is an error; the rest
// of the file is ignored. A cluster can also have the form in which workflows pass it on, with
// allowInsecure and authConfig. data may have at most 3 MiB, also with its aliases expanded.
//
// The error matches [workflow.ErrInvalid]. It is a [*workflow.InvalidError] that lists every
// problem with its path, and of the file's values contains only malformed names. If the file is not
// valid YAML, the error says what is wrong and in which line, without any value.
func ParseConfig(data []byte) (Config, error) {
	text, err := strictyaml.ToJSON(data)
	if err != nil {
		return Config{}, fmt.Errorf("%w: the configuration: %w", workflow.ErrInvalid, err)
	}
	var file any
	if err := utiljson.Unmarshal(text, &file); err != nil { // err may contain a value
		return Config{}, fmt.Errorf("%w: the configuration has a value that cannot be read", workflow.ErrInvalid)
	}
	fields, ok := file.(map[string]any)
	if !ok {
		return Config{}, fmt.Errorf("%w: the configuration must be a mapping with the keys target_cluster, snapshot and backfill",
			workflow.ErrInvalid)
	}

	root := &section{fields: fields, asked: map[string]bool{}, problems: new(field.ErrorList)}
	var cfg Config
	if target := root.section(sectionTarget); target != nil {
		cfg.TargetCluster = readCluster(target)
	} else {
		root.add(field.Required(root.child(sectionTarget), "the cluster to write to"))
	}
	if coordinator := root.section(sectionCoordinator); coordinator != nil {
		cluster := readCluster(coordinator)
		cfg.CoordinatorCluster = &cluster
	}
	if snapshot := root.section("snapshot"); snapshot != nil {
		cfg.Snapshot = readSnapshot(snapshot)
	}
	if source, ok := fields["source_cluster"].(map[string]any); ok {
		// Its other keys are not checked here. The version becomes a parameter.
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
		RepositoryName: s.string("snapshot_repo_name"),
		Mode:           s.string("mode"),
	}
	if m := snapshot.Mode; m != "" && m != "create" && m != "import" {
		s.add(field.Invalid(s.child("mode"), field.OmitValueType{}, "must be create or import"))
	}
	for _, key := range []string{"otel_trace_endpoint", "otel_metrics_endpoint", "solr_collections"} {
		s.lookup(key) // known, and not used by a backfill
	}
	switch s.oneOf("s3", "gcs", "fs") {
	case "s3":
		repo := s.section("s3")
		snapshot.S3 = &S3Repository{
			URI:    repo.required("repo_uri", "such as s3://bucket/path"),
			Region: repo.required("aws_region", "such as us-east-1"),
			Role:   repo.string("role"), Endpoint: repo.string("endpoint"),
		}
		repo.done()
	case "gcs":
		repo := s.section("gcs")
		snapshot.GCS = &GCSRepository{URI: repo.required("repo_uri", "such as gs://bucket/path"), Endpoint: repo.string("endpoint")}
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
		Session:            s.string("session_name"),
		SnapshotName:       s.string("snapshot_name"),
		SnapshotRepository: s.string("snapshot_repo"),
		Scale:              s.positive("scale", DefaultScale),
	}
	// The console has two names for the session.
	switch other := s.string("backfill_session_name"); {
	case r.Session == "":
		r.Session = other
	case other != "" && other != r.Session:
		s.add(field.Invalid(s.child("backfill_session_name"), other, "must be the same as session_name; leave one of them out"))
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

// readKeys checks the section of a provider that New does not support.
func readKeys(s *section, required []string, optional ...string) {
	for _, key := range required {
		s.required(key, "for this provider")
	}
	for _, key := range optional {
		s.string(key)
	}
	s.done()
}

func readK8s(s *section) *K8s {
	defer s.done()
	k := &K8s{
		Namespace:  s.required("namespace", "the namespace of the Deployment"),
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
		Namespace:            s.string("namespace"),
		Entrypoint:           s.string("entrypoint"),
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
	if mapping := s.section("parameter_mapping"); mapping != nil {
		a.ParameterMapping = mapping.fields
		for _, problem := range mappingProblems(s.child("parameter_mapping"), mapping.fields, maxMapping) {
			s.add(problem)
		}
	}
	if parameters := s.section("parameters"); parameters != nil {
		a.Parameters = sealed(parameters.fields)
		for name, value := range parameters.fields {
			switch {
			case value == nil:
				parameters.add(field.Invalid(parameters.child(shownKey(name)), field.OmitValueType{},
					`must not be null; leave it out, or set it to ""`))
			case wfjson.Inexact(value):
				parameters.add(field.Invalid(parameters.child(shownKey(name)), field.OmitValueType{},
					"has a number that is too large to be kept as it is written; quote it"))
			}
		}
	}
	return a
}
