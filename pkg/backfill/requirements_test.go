package backfill

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestRequirementsNameEachMethodOnce(t *testing.T) {
	for _, provider := range []Provider{ProviderArgo, ProviderK8s} {
		var methods []workflow.Op
		for _, of := range Requirements(provider) {
			methods = append(methods, of.Op)
			for i, n := range of.Requirements {
				if n.Verb == "" || n.Resource == "" || slices.Contains(of.Requirements[:i], n) {
					t.Errorf("%s: %s: %+v is incomplete or a duplicate", provider, of.Op, n)
				}
				if n.Optional && n.Part == "" {
					t.Errorf("%s: %s: %v is optional, but for what?", provider, of.Op, n)
				}
			}
		}
		slices.Sort(methods)
		if len(slices.Compact(slices.Clone(methods))) != len(methods) || len(methods) < 11 {
			t.Errorf("%s: %v", provider, methods)
		}
	}
	if of := Requirements(ProviderECS); of != nil {
		t.Errorf("%v", of)
	}
}

// Create checks the permissions that other methods need, but not optional ones.
func TestCreateRequiresWhatOthersRequire(t *testing.T) {
	for provider, want := range map[Provider]string{
		ProviderArgo: "create workflows.argoproj.io, get workflows.argoproj.io, get workflowtemplates.argoproj.io, list deployments.apps, " +
			"list pods, list replicasets.apps, list workflows.argoproj.io, patch deployments.apps/scale, " +
			"patch replicasets.apps/scale, patch workflows.argoproj.io, watch workflows.argoproj.io",
		ProviderK8s: `get configmaps "argoservice-backfill", get deployments.apps, list pods, list replicasets.apps, ` +
			`patch configmaps "argoservice-backfill", patch deployments.apps/scale`,
	} {
		var needed []string
		for _, of := range Requirements(provider) {
			for _, n := range of.Requirements {
				if of.Op == opCreate && !n.Optional {
					needed = append(needed, n.String())
				}
			}
		}
		slices.Sort(needed)
		if got := strings.Join(needed, ", "); got != want {
			t.Errorf("%s: %s", provider, got)
		}
	}
}

// Create also checks what decisions about the gates of the client's policies need, which the backfill's
// own requirements do not have.
func TestCreateRequiresWhatGatesRequire(t *testing.T) {
	for _, policies := range [][]workflow.GatePolicy{nil, {workflow.ApprovalGates()}} {
		client, err := workflow.NewForConfig(&rest.Config{Host: "http://localhost"}, workflow.Options{GatePolicies: policies})
		if err != nil {
			t.Fatal(err)
		}
		var added []string
		for _, of := range gateRequirements(client) {
			for _, n := range of.Requirements {
				added = append(added, string(of.Op)+": "+n.String())
			}
		}
		want := ""
		if policies != nil {
			want = "approve: get approvalgates.migrations.opensearch.org, approve: patch approvalgates.migrations.opensearch.org, " +
				"approve: patch approvalgates.migrations.opensearch.org/status"
		}
		if got := strings.Join(added, ", "); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// The permission to patch or create a workload would allow running any pod. Scaling is sufficient.
func TestNoMethodNeedsToPatchAWorkload(t *testing.T) {
	for _, provider := range []Provider{ProviderArgo, ProviderK8s} {
		for _, of := range Requirements(provider) {
			for _, n := range of.Requirements {
				if n.Group == "apps" && n.Subresource != "scale" && n.Verb != "get" && n.Verb != "list" {
					t.Errorf("%s: %s needs %s", provider, of.Op, n)
				}
				if n.Resource == "configmaps" && n.Verb != "create" && n.Name != workers.ConfigMapName {
					t.Errorf("%s: %s needs %s for all ConfigMaps", provider, of.Op, n)
				}
			}
		}
	}
}
