// Package bulkload is the start that the benchmark measures, of the example's template. It needs
// nothing of Argo's module, so its test runs without minutes of compiling.
package bulkload

import (
	"path/filepath"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Namespace and Template are those of the manifest.
const (
	Namespace = "ma"
	Template  = "bulk-load"
)

// Manifest is the path of the file that defines the template, in the repository with that root.
func Manifest(root string) string {
	return filepath.Join(root, "examples", "backfill", "manifests", "bulk-load.yaml")
}

// Request is a start of the template.
func Request() workflow.StartRequest {
	return workflow.StartRequest{Template: Template, Parameters: map[string]any{
		"session-name": "s-42", "snapshot-name": "snapshot-2026-11-01", "source-version": "ES_7.10",
		"s3-repo-uri": "s3://snapshots/elastic", "s3-region": "eu-central-1", "target-host": "https://target:9200",
		"image-config":             map[string]any{"repository": "migrations/rfs", "tag": "3.1.0", "pullPolicy": "IfNotPresent"},
		"use-localstack-aws-creds": false, "replicas": 4,
	}}
}
