package main

import (
	"errors"
	"fmt"
	"os"

	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// errTwoNamespaces means that the command line and the configuration contradict each other.
var errTwoNamespaces = errors.New("backfill.reindex_from_snapshot.argo.namespace and --namespace differ")

// readConfig reads the configuration of a backfill. If it names no namespace, it gets the given
// one; wanted is the one on the command line, if any.
func readConfig(path, namespace, wanted string) (backfill.Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return backfill.Config{}, fmt.Errorf("--config: %w", err)
	}
	cfg, err := backfill.ParseConfig(text)
	if err != nil {
		return cfg, fmt.Errorf("--config %s: %w", path, err)
	}
	argo := cfg.Backfill.Argo
	if argo == nil {
		return cfg, nil // a Deployment's namespace is always named
	}
	switch named := namedNamespace(text); {
	case named == "":
		argo.Namespace = namespace
	case wanted != "" && named != wanted:
		return cfg, fmt.Errorf("--config %s: %w: %q and %q", path, errTwoNamespaces, named, wanted)
	}
	return cfg, nil
}

// namedNamespace returns the namespace in the file itself: after parsing, it can't be distinguished
// from a default.
func namedNamespace(text []byte) string {
	var file struct {
		Backfill struct {
			ReindexFromSnapshot struct {
				Argo struct {
					Namespace string `json:"namespace"`
				} `json:"argo"`
			} `json:"reindex_from_snapshot"`
		} `json:"backfill"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return "" // can't happen: ParseConfig has read it
	}
	return file.Backfill.ReindexFromSnapshot.Argo.Namespace
}

// namespaceOf returns the namespace of the workers, and of the workflow if there is one.
func namespaceOf(cfg backfill.Config) string {
	switch {
	case cfg.Backfill.Argo != nil:
		return cfg.Backfill.Argo.Namespace
	case cfg.Backfill.K8s != nil:
		return cfg.Backfill.K8s.Namespace
	}
	return ""
}
