package backfill

import (
	"context"
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill/internal/workers"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// opCreate checks the permissions of the other methods.
const opCreate workflow.Op = "Create"

// Needs returns the permissions that the methods of a backfill need in the namespace of the
// configuration, by method; see [workflow.Need]. They are those of Dependencies.Kubernetes and
// Dependencies.Workflows together. It returns nil for a provider that is not supported. Describe,
// and methods that are not listed, do not need permissions.
//
// Create checks every permission that some method cannot do without. Without
// Dependencies.Kubernetes it does not check any.
func Needs(provider Provider) []workflow.OpNeeds {
	all := needsOf(provider)
	for i := range all {
		if all[i].Op == opCreate {
			all[i].Needs = withOthers(all[i].Needs, all)
		}
	}
	return all
}

// withOthers adds the permissions that some method cannot do without.
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

// checkAccess checks the permissions that the methods need.
func checkAccess(ctx context.Context, deps Dependencies, namespace string, provider Provider) error {
	opts := workflow.CheckNeedsOptions{RetryFor: deps.RetryFor, Observer: deps.Observer}
	return workflow.CheckNeeds(ctx, deps.Kubernetes, namespace, needsOf(provider), opts)
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

// needsOf returns what each method itself needs.
func needsOf(provider Provider) []workflow.OpNeeds {
	switch provider {
	case ProviderArgo:
		return argoNeeds()
	case ProviderK8s:
		return deploymentNeeds()
	case ProviderDocker, ProviderECS, ProviderOpenSearchIngestion:
	}
	return nil
}

// argoNeeds returns the permissions for a backfill by a workflow. Every method lists the session's
// workflows first.
func argoNeeds() []workflow.OpNeeds {
	runs := on("argoproj.io", "workflows", "list")
	steer := on("argoproj.io", "workflows", "get", "patch")
	workloads := slices.Concat(on("apps", "deployments", "list"), on("apps", "replicasets", "list"))
	pods := on("", "pods", "list")
	shown := slices.Concat(workloads, pods).only(partPods).softly()
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
		on("argoproj.io", "workflowtemplates", "get").only("the check against the template").softly(), namingTemplates(),
		workloads.only(partStarted), on("argoproj.io", "workflows", "patch").only(partPaused), scalePaused, shown,
	)
	stop := slices.Concat(runs, steer, workloads, scale)
	decide := slices.Concat(runs, steer)
	atRest := slices.Concat(runs, workloads, pods)
	return []workflow.OpNeeds{
		{Op: opCreate, Needs: slices.Concat(on("argoproj.io", "workflowtemplates", "get"), namingTemplates())}, // which Create has to check
		{Op: "Start", Needs: start},
		{Op: "Restart", Needs: slices.Concat(start, slices.Concat(workloads, pods).only(partEnded))},
		{Op: "Pause", Needs: slices.Concat(stop, pods)},
		{Op: "Stop", Needs: stop},
		{Op: "StopAndWait", Needs: slices.Concat(stop, pods, on("argoproj.io", "workflows", "watch"))},
		{Op: "Gates", Needs: runs},
		{Op: "Approve", Needs: decide},
		{Op: "Reject", Needs: decide},
		{Op: "Status", Needs: slices.Concat(runs, shown)},
		{Op: "Follow", Needs: slices.Concat(runs, on("argoproj.io", "workflows", "get", "watch"), shown)},
		{Op: "Scale", Needs: slices.Concat(
			runs, workloads, scale,
			on("argoproj.io", "workflows", "get").only(partWorkers),
			on("argoproj.io", "workflows", "patch").only(partPaused),
		)},
		{Op: "Archive", Needs: atRest},
		{Op: "Restore", Needs: atRest},
	}
}

func namingTemplates() needList {
	return on("argoproj.io", "workflowtemplates", "list").only("naming the templates there are").softly()
}

// deploymentNeeds returns the permissions for a backfill by a Deployment.
func deploymentNeeds() []workflow.OpNeeds {
	find := slices.Concat(on("apps", "deployments", "get"), on("", "configmaps", "get").named(workers.ConfigMapName))
	status := slices.Concat(find, on("apps", "replicasets", "list"), on("", "pods", "list"))
	scale := on("apps", "deployments", "patch").toScale()
	record := on("", "configmaps", "patch").named(workers.ConfigMapName)
	stop := slices.Concat(scale.only(partRunning), record.only(partPausedBefore))
	return []workflow.OpNeeds{
		{Op: opCreate, Needs: find},
		{Op: "Start", Needs: slices.Concat(status, scale.only(partIdle), record.only(partPaused))},
		{Op: "Restart", Needs: slices.Concat(status, scale.only(partStopped))}, // refused for one that is paused
		{Op: "Pause", Needs: slices.Concat(
			find, scale, record.only(partNoting), on("", "configmaps", "create").only(partMaking).softly(),
		)},
		{Op: "Stop", Needs: slices.Concat(find, stop)},
		{Op: "StopAndWait", Needs: slices.Concat(status, stop)},
		{Op: "Status", Needs: status},
		{Op: "Follow", Needs: status},
		{Op: "Scale", Needs: slices.Concat(find, scale.only(partRunning), record.only(partPaused))},
		{Op: "Archive", Needs: status},
		{Op: "Restore", Needs: status},
	}
}

type needList []workflow.Need

func on(group, resource string, verbs ...string) needList {
	all := make(needList, len(verbs))
	for i, verb := range verbs {
		all[i].Permission = workflow.Permission{Verb: verb, Group: group, Resource: resource}
	}
	return all
}

// only returns the list for one case of a method.
func (l needList) only(part string) needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].For = part
	}
	return all
}

// softly returns the list as permissions that a method can do without.
func (l needList) softly() needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].Soft = true
	}
	return all
}

// toScale returns the list for the scale subresource.
func (l needList) toScale() needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].Subresource = "scale"
	}
	return all
}

// named returns the list for one object.
func (l needList) named(name string) needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].Name = name
	}
	return all
}
