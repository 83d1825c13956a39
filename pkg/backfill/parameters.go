package backfill

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/jsonfield"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/secret"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Parameters for the name of a Kubernetes Secret.
const (
	parameterTargetSecret      = "target-secret"
	parameterCoordinatorSecret = "coordinator-secret"
)

// derivedParameters returns the parameters that follow from the configuration. The workflow gets
// those that its template declares; if there is a mapping, it gets all.
func derivedParameters(cfg Config) (map[string]any, error) {
	derived := map[string]any{
		"session-name":             cfg.SessionName(),
		"snapshot-name":            cfg.snapshotName(),
		"replicas":                 cfg.Backfill.Scale,
		"use-localstack-aws-creds": false,
		"localstack-enabled":       false,
	}
	if repo := cfg.repositoryName(); repo != "" {
		derived["snapshot-repo-name"] = repo
	}
	if cfg.SourceVersion != "" {
		derived["source-version"] = cfg.SourceVersion
	}
	if s3 := cfg.Snapshot.S3; s3 != nil {
		derived["s3-repo-uri"] = s3.URI
		derived["s3-region"] = s3.Region
		if s3.Endpoint != "" { // "" would override the template's default
			derived["s3-endpoint"] = s3.Endpoint
		}
	}
	if !cfg.Backfill.Argo.PlaintextCredentials {
		if problems := plaintextProblems(cfg); len(problems) > 0 {
			return nil, &workflow.InvalidError{Problems: problems}
		}
	}
	for _, cluster := range cfg.clusters() {
		if err := cluster.derive(derived); err != nil {
			return nil, err
		}
	}
	if mapping := cfg.Backfill.Argo.ParameterMapping; mapping != nil {
		derived = mapped(mapping, derived)
	}
	for name := range cfg.Backfill.Argo.Parameters {
		delete(derived, name)
	}
	return derived, nil
}

// derive adds the parameters of a cluster.
func (c clusterSection) derive(derived map[string]any) error {
	prefix, secretName := "target-", parameterTargetSecret
	if c.name == sectionCoordinator {
		prefix, secretName = "coordinator-", parameterCoordinatorSecret
	}
	derived[prefix+"host"], derived[prefix+"insecure"] = c.Endpoint, c.AllowInsecure
	if c.Basic != nil && c.Basic.K8sSecretName != "" {
		derived[secretName] = c.Basic.K8sSecretName
	}
	if c.Basic != nil && c.Basic.Password.Reveal() != "" {
		derived[prefix+"username"], derived[prefix+"password"] = c.Basic.Username, c.Basic.Password.Reveal()
	}
	config, err := json.Marshal(clusterConfig(c.Cluster))
	derived[prefix+"config"] = string(config)
	return err
}

// plaintextProblems returns a problem for each secret that would become a parameter of the
// workflow.
func plaintextProblems(cfg Config) field.ErrorList {
	const why = "everyone who may read workflows could read it; use k8s_secret_name, " +
		"or set backfill.reindex_from_snapshot.argo.plaintext_credentials: true"
	var problems field.ErrorList
	for _, cluster := range cfg.clusters() {
		if cluster.Basic != nil && cluster.Basic.Password.Reveal() != "" {
			problems = append(problems, field.Forbidden(field.NewPath(cluster.name, "basic_auth", "password"), why))
		}
	}
	for _, p := range cfg.places() { // such as in a query
		if secret.Scrub(p.url) != p.url {
			problems = append(problems, field.Forbidden(p.path, why))
		}
	}
	parameters := field.NewPath("backfill", "reindex_from_snapshot", "argo", "parameters")
	among := maps.Clone(cfg.Backfill.Argo.Parameters)
	for _, name := range []string{parameterTargetSecret, parameterCoordinatorSecret} {
		if _, isText := among[name].(string); isText {
			delete(among, name) // the name of a Secret is not a secret
		}
	}
	for _, path := range secret.Find(among) {
		problems = append(problems, field.Forbidden(parameters.Child(path), why))
	}
	return problems
}

// expressionProblems returns a problem for each parameter that Argo would evaluate as an
// expression. The authors of a configuration and of a template can be different people.
func expressionProblems(parameters, derived map[string]any) (problems field.ErrorList) {
	const why = "contains {{, which Argo would evaluate"
	argo := field.NewPath("backfill", "reindex_from_snapshot", "argo")
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		if evaluated(parameters[name]) {
			problems = append(problems, field.Forbidden(argo.Child("parameters", name), why))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(derived)) {
		if evaluated(derived[name]) {
			problems = append(problems, field.Forbidden(argo, fmt.Sprintf("parameter %s, which is derived from the configuration, %s", name, why)))
		}
	}
	return problems
}

// unusable returns a problem for each parameter that cannot be looked into, so that it cannot be
// masked or sent. The client refuses others that cannot be sent.
func unusable(path *field.Path, parameters map[string]any) (problems field.ErrorList) {
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		nested := false
		secret.Replace(map[string]any{name: parameters[name]}, func(plain any, shown string) any {
			switch plain.(type) {
			case map[string]any, []any: // any other one is copied
				nested = true
			}
			return shown
		})
		err := jsonfield.Call(func() error { _, _ = json.Marshal(parameters[name]); return nil })
		switch at := path.Child(shownKey(name)); {
		case nested:
			problems = append(problems, field.Invalid(at, field.OmitValueType{}, "contains itself or is nested too deep"))
		case err != nil:
			problems = append(problems, field.Invalid(at, field.OmitValueType{}, err.Error()))
		}
	}
	return problems
}

func evaluated(value any) bool {
	if text, ok := value.(string); ok {
		return expression.In(text)
	}
	text, err := json.Marshal(value)
	return err == nil && expression.In(string(text))
}

func (c Config) repositoryName() string {
	if c.Backfill.SnapshotRepository != "" {
		return c.Backfill.SnapshotRepository
	}
	return c.Snapshot.RepositoryName
}

// clusterConfig returns a cluster in the console's form, with references to secrets and no secrets.
func clusterConfig(c Cluster) map[string]any {
	target := map[string]any{"endpoint": c.Endpoint, "allow_insecure": c.AllowInsecure}
	if c.Version != "" {
		target["version"] = c.Version
	}
	switch {
	case c.SigV4 != nil:
		sigv4 := map[string]any{"service": c.SigV4.Service}
		if c.SigV4.Region != "" {
			sigv4["region"] = c.SigV4.Region
		}
		target["sigv4"] = sigv4
	case c.Basic == nil:
		target["no_auth"] = nil
	case c.Basic.K8sSecretName != "":
		target["basic_auth"] = map[string]any{"k8s_secret_name": c.Basic.K8sSecretName}
	case c.Basic.UserSecretARN != "":
		target["basic_auth"] = map[string]any{"user_secret_arn": c.Basic.UserSecretARN}
	default:
		target["basic_auth"] = map[string]any{"username": c.Basic.Username}
	}
	return target
}
