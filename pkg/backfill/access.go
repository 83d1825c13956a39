package backfill

import (
	"context"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// opCreate checks what the other methods need.
const opCreate workflow.Op = "Create"

// Needs is what the methods of a backfill by that provider need of the API server, each method by
// its name: [workflow.Need] says how it is meant. It is what Dependencies.Kubernetes and
// Dependencies.Workflows need together, in the namespace of the configuration; nil for a provider
// that is not supported. Describe and the methods that are left out need nothing.
//
// Create asks for all that another method can't do without, and fails where it is missing; without
// Dependencies.Kubernetes it asks for nothing.
func Needs(provider Provider) []workflow.OpNeeds {
	all := needsOf(provider)
	for i := range all {
		if all[i].Op == opCreate {
			all[i].Needs = withOthers(all[i].Needs, all)
		}
	}
	return all
}

// withOthers adds what some method can't do without.
func withOthers(own []workflow.Need, all []workflow.OpNeeds) []workflow.Need {
	for _, of := range all {
		for _, n := range of.Needs {
			needed := workflow.Need{Permission: n.Permission}
			if !n.Soft && !slices.Contains(own, needed) {
				own = append(own, needed)
			}
		}
	}
	return own
}

// checkAccess asks the API server for what the methods need.
func checkAccess(ctx context.Context, deps Dependencies, namespace string, provider Provider) error {
	opts := workflow.CheckNeedsOptions{RetryFor: deps.RetryFor, Observer: deps.Observer}
	return workflow.CheckNeeds(ctx, deps.Kubernetes, namespace, needsOf(provider), opts)
}
