package backfill

import (
	"context"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// opCreate checks the permissions of the other methods.
const opCreate workflow.Op = "create"

// Requirements returns the permissions that the methods of a backfill require in the namespace of
// the configuration; see [workflow.Requirement]. The operations are the methods' names, such as
// "stop-and-wait" for StopAndWait. The permissions are those of Dependencies.Kubernetes and
// Dependencies.Workflows together. It returns nil for a provider that is not supported. Describe,
// and methods that are not listed, require no permissions.
//
// Create checks every permission that some method cannot do without, and those for the GatePolicies of
// Dependencies.Workflows. Without Dependencies.Kubernetes it does not check any.
func Requirements(provider Provider) []workflow.OpRequirements {
	all := requirementsOf(provider)
	for i := range all {
		if all[i].Op == opCreate {
			all[i].Requirements = withOthers(all[i].Requirements, all)
		}
	}
	return all
}

// withOthers adds the permissions that some method cannot do without.
func withOthers(own []workflow.Requirement, all []workflow.OpRequirements) []workflow.Requirement {
	for _, of := range all {
		for _, n := range of.Requirements {
			needed := workflow.Requirement{Permission: n.Permission}
			if !n.Optional && !slices.Contains(own, needed) {
				own = append(own, needed)
			}
		}
	}
	return own
}

// checkPermissions checks the permissions that the methods need.
func checkPermissions(ctx context.Context, deps Dependencies, namespace string, provider Provider) error {
	opts := workflow.CheckOptions{RetryFor: deps.RetryFor, Observer: deps.Observer}
	all := slices.Concat(requirementsOf(provider), gateRequirements(deps.Workflows))
	return workflow.CheckRequirements(ctx, deps.Kubernetes, namespace, all, opts)
}

// gateRequirements returns what decisions about gates need because of the options of the client for
// workflows, if it says so: a [workflow.WorkflowClient] with GatePolicies does, and a router over such clients.
func gateRequirements(workflows workflow.Interface) (all []workflow.OpRequirements) {
	client, ok := workflows.(interface {
		Requirements(op workflow.Op) []workflow.Requirement
	})
	if !ok {
		return nil
	}
	for _, op := range []workflow.Op{workflow.OpApprove, workflow.OpReject} {
		always := workflow.Requirements(op)
		all = append(all, workflow.OpRequirements{Op: op, Requirements: slices.DeleteFunc(client.Requirements(op), func(n workflow.Requirement) bool {
			return slices.Contains(always, n)
		})})
	}
	return all
}

// The cases in which a method needs a permission.
const (
	partNew              = "one that is new"
	partStarted          = "one that was started before"
	partPaused           = "one that is paused"
	partRunning          = "one that runs"
	partEnded            = "one that has ended"
	partIdle             = "one that is paused or stopped"
	partStopped          = "one that is stopped"
	partDeployment       = "workers in a Deployment"
	partReplicaSet       = "workers in a ReplicaSet"
	partPausedDeployment = "paused " + partDeployment
	partPausedReplicaSet = "paused " + partReplicaSet
	partWorkers          = "one that has workers"
	partPods             = "Status.Pods"
	partPausedBefore     = "one that was paused before"
	partNoting           = "noting the number in the ConfigMap"
	partMaking           = "making the ConfigMap"
)

// requirementsOf returns what each method itself needs.
func requirementsOf(provider Provider) []workflow.OpRequirements {
	switch provider {
	case ProviderArgo:
		return argoRequirements()
	case ProviderK8s:
		return deploymentRequirements()
	case ProviderDocker, ProviderECS, ProviderOpenSearchIngestion:
	}
	return nil
}

// argoRequirements returns the permissions for a backfill by a workflow. Every method lists the session's
// workflows first.
func argoRequirements() []workflow.OpRequirements {
	runs := on("argoproj.io", "workflows", "list")
	steer := on("argoproj.io", "workflows", "get", "patch")
	workloads := slices.Concat(on("apps", "deployments", "list"), on("apps", "replicasets", "list"))
	pods := on("", "pods", "list")
	shown := slices.Concat(workloads, pods).only(partPods).optional()
	// Scaling only: the permission to patch a Deployment or ReplicaSet would allow to run any pod.
	scale := slices.Concat(
		on("apps", "deployments", "patch").toScale().only(partDeployment),
		on("apps", "replicasets", "patch").toScale().only(partReplicaSet),
	)
	scalePaused := slices.Concat(
		on("apps", "deployments", "patch").toScale().only(partPausedDeployment),
		on("apps", "replicasets", "patch").toScale().only(partPausedReplicaSet),
	)
	start := slices.Concat(
		runs, on("argoproj.io", "workflows", "get"), on("argoproj.io", "workflows", "create").only(partNew),
		on("argoproj.io", "workflowtemplates", "get").only("the check against the template").optional(), namingTemplates(),
		workloads.only(partStarted), on("argoproj.io", "workflows", "patch").only(partPaused), scalePaused, shown,
	)
	stop := slices.Concat(runs, steer, workloads, scale)
	decide := slices.Concat(runs, steer)
	atRest := slices.Concat(runs, workloads, pods)
	return []workflow.OpRequirements{
		{Op: opCreate, Requirements: slices.Concat(on("argoproj.io", "workflowtemplates", "get"), namingTemplates())}, // which Create has to check
		{Op: "start", Requirements: start},
		{Op: "restart", Requirements: slices.Concat(start, slices.Concat(workloads, pods).only(partEnded))},
		{Op: "pause", Requirements: slices.Concat(stop, pods)},
		{Op: "stop", Requirements: stop},
		{Op: "stop-and-wait", Requirements: slices.Concat(stop, pods, on("argoproj.io", "workflows", "watch"))},
		{Op: "gates", Requirements: runs},
		{Op: "approve", Requirements: decide},
		{Op: "reject", Requirements: decide},
		{Op: "status", Requirements: slices.Concat(runs, shown)},
		{Op: "follow", Requirements: slices.Concat(runs, on("argoproj.io", "workflows", "get", "watch"), shown)},
		{Op: "scale", Requirements: slices.Concat(
			runs, workloads, scale,
			on("argoproj.io", "workflows", "get").only(partWorkers),
			on("argoproj.io", "workflows", "patch").only(partPaused),
		)},
		{Op: "archive", Requirements: atRest},
		{Op: "restore", Requirements: atRest},
	}
}

func namingTemplates() requirements {
	return on("argoproj.io", "workflowtemplates", "list").only("naming the templates there are").optional()
}

// deploymentRequirements returns the permissions for a backfill by a Deployment.
func deploymentRequirements() []workflow.OpRequirements {
	find := slices.Concat(on("apps", "deployments", "get"), on("", "configmaps", "get").named(workers.ConfigMapName))
	status := slices.Concat(find, on("apps", "replicasets", "list"), on("", "pods", "list"))
	scale := on("apps", "deployments", "patch").toScale()
	record := on("", "configmaps", "patch").named(workers.ConfigMapName)
	stop := slices.Concat(scale.only(partRunning), record.only(partPausedBefore))
	return []workflow.OpRequirements{
		{Op: opCreate, Requirements: find},
		{Op: "start", Requirements: slices.Concat(status, scale.only(partIdle), record.only(partPaused))},
		{Op: "restart", Requirements: slices.Concat(status, scale.only(partStopped))}, // refused for one that is paused
		{Op: "pause", Requirements: slices.Concat(
			find, scale, record.only(partNoting), on("", "configmaps", "create").only(partMaking).optional(),
		)},
		{Op: "stop", Requirements: slices.Concat(find, stop)},
		{Op: "stop-and-wait", Requirements: slices.Concat(status, stop)},
		{Op: "status", Requirements: status},
		{Op: "follow", Requirements: status},
		{Op: "scale", Requirements: slices.Concat(find, scale.only(partRunning), record.only(partPaused))},
		{Op: "archive", Requirements: status},
		{Op: "restore", Requirements: status},
	}
}

type requirements []workflow.Requirement

func on(group, resource string, verbs ...string) requirements {
	all := make(requirements, len(verbs))
	for i, verb := range verbs {
		all[i].Permission = workflow.Permission{Verb: verb, Group: group, Resource: resource}
	}
	return all
}

// only returns the list for one case of a method.
func (l requirements) only(part string) requirements {
	all := slices.Clone(l)
	for i := range all {
		all[i].Part = part
	}
	return all
}

// optional returns the list as permissions that a method can do without.
func (l requirements) optional() requirements {
	all := slices.Clone(l)
	for i := range all {
		all[i].Optional = true
	}
	return all
}

// toScale returns the list for the scale subresource.
func (l requirements) toScale() requirements {
	all := slices.Clone(l)
	for i := range all {
		all[i].Subresource = "scale"
	}
	return all
}

// named returns the list for one object.
func (l requirements) named(name string) requirements {
	all := slices.Clone(l)
	for i := range all {
		all[i].Name = name
	}
	return all
}
