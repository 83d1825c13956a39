package opensearch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic/fake"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
)

// aMillionDocuments, or with -short some thousands, are archived, which deletes them, and restored, as
// they were.
func aMillionDocuments(t *testing.T, p *place) {
	n := 1_000_000
	if testing.Short() {
		n = many
	}
	step := time.Now()
	took := func(what string) { t.Logf("%s: %v", what, time.Since(step).Round(time.Millisecond)); step = time.Now() }
	p.fill(t, n)
	took("written")
	if size, err := p.state.Size(t.Context(), p.index); err != nil || size != int64(n) {
		t.Fatalf("%d, %v", size, err)
	}
	took("size")
	if got := p.counts(t); got.Total != int64(n) || got.Completed != int64(n) || !got.LastCompletedAt.Equal(at(int64(n-1))) {
		t.Errorf("%+v", got)
	}
	took("counts")
	b := stopped(t, p)
	archive, err := b.Archive(t.Context(), backfill.ArchiveOptions{Dir: t.TempDir(), File: "a.json"})
	if err != nil || archive.Documents != int64(n) || archive.Index != p.index {
		t.Fatalf("%+v, %v", archive, err)
	}
	took("archived")
	if _, err := p.state.Size(t.Context(), p.index); !errors.Is(err, backfill.ErrNoWorkingState) {
		t.Errorf("%v", err)
	}
	if written, err := b.Restore(t.Context(), archive.Path); err != nil || written != int64(n) {
		t.Fatalf("%d, %v", written, err)
	}
	took("restored")
	p.filled(t, n)
	took("read")
}

// stopped is a backfill of a Deployment without replicas, with the working state of the place.
func stopped(t *testing.T, p *place) backfill.Backfill {
	t.Helper()
	cfg, err := backfill.ParseConfig(fmt.Appendf(nil, `
target_cluster: {endpoint: %q, no_auth: }
snapshot: {snapshot_name: s, s3: {repo_uri: s3://b/p, aws_region: r}}
backfill: {reindex_from_snapshot: {session_name: %s, k8s: {namespace: ma, deployment_name: d}}}
`, p.target.Endpoint, strings.TrimPrefix(p.index, ".migrations_working_state_")))
	if err != nil {
		t.Fatal(err)
	}
	deployment := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": "ma", "name": "d", "uid": "d"},
		"spec": map[string]any{"replicas": int64(0), "selector": map[string]any{"matchLabels": map[string]any{"app": "d"}}},
	}}
	kube := fake.NewSimpleDynamicClientWithCustomListKinds(runtime.NewScheme(), map[schema.GroupVersionResource]string{
		{Group: "apps", Version: "v1", Resource: "deployments"}: "DeploymentList",
		{Group: "apps", Version: "v1", Resource: "replicasets"}: "ReplicaSetList",
		{Version: "v1", Resource: "pods"}:                       "PodList",
	}, deployment)
	b, err := backfill.New(cfg, backfill.Dependencies{WorkingState: p.state, Kubernetes: kube})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
