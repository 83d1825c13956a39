package backfill

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Parts of methods that need more than the rest of them.
const (
	partNew              = "one that is new"
	partStarted          = "one that was started before"
	partPaused           = "one that is paused"
	partRunning          = "one that runs"
	partEnded            = "one that has ended"
	partIdle             = "one that is paused or stopped"
	partDeployment       = "workers in a Deployment"
	partReplicaSet       = "workers in a ReplicaSet"
	partPausedDeployment = "paused " + partDeployment
	partPausedReplicaSet = "paused " + partReplicaSet
	partPods             = "Status.Pods"
)

// needsOf is what each method needs by itself.
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

// argoNeeds are those of a backfill by a workflow. All methods begin with the session's workflows.
func argoNeeds() []workflow.OpNeeds {
	runs := on("argoproj.io", "workflows", "list")
	steer := on("argoproj.io", "workflows", "get", "patch")
	workers := slices.Concat(on("apps", "deployments", "list"), on("apps", "replicasets", "list"))
	pods := on("", "pods", "list")
	shown := slices.Concat(workers, pods).only(partPods).softly()
	write := slices.Concat(
		on("apps", "deployments", "patch").only(partDeployment),
		on("apps", "replicasets", "patch").only(partReplicaSet),
	)
	writePaused := slices.Concat(
		on("apps", "deployments", "patch").only(partPausedDeployment),
		on("apps", "replicasets", "patch").only(partPausedReplicaSet),
	)
	start := slices.Concat(
		runs, on("argoproj.io", "workflows", "get"), on("argoproj.io", "workflows", "create").only(partNew),
		on("argoproj.io", "workflowtemplates", "get").only("the check against the template").softly(), namingTemplates(),
		workers.only(partStarted), on("argoproj.io", "workflows", "patch").only(partPaused), writePaused, shown,
	)
	stop := slices.Concat(runs, steer, workers, write)
	decide := slices.Concat(runs, steer)
	atRest := slices.Concat(runs, workers, pods)
	return []workflow.OpNeeds{
		{Op: opCreate, Needs: slices.Concat(on("argoproj.io", "workflowtemplates", "get"), namingTemplates())}, // it is there to check
		{Op: "Start", Needs: start},
		{Op: "Restart", Needs: slices.Concat(start, slices.Concat(workers, pods).only(partEnded))},
		{Op: "Pause", Needs: slices.Concat(stop, pods)},
		{Op: "Stop", Needs: stop},
		{Op: "StopAndWait", Needs: slices.Concat(stop, pods, on("argoproj.io", "workflows", "watch"))},
		{Op: "Gates", Needs: runs},
		{Op: "Approve", Needs: decide},
		{Op: "Reject", Needs: decide},
		{Op: "Status", Needs: slices.Concat(runs, shown)},
		{Op: "Follow", Needs: slices.Concat(runs, on("argoproj.io", "workflows", "get", "watch"), shown)},
		{Op: "Scale", Needs: slices.Concat(
			runs, workers,
			on("apps", "deployments", "patch").to("scale").only(partDeployment),
			on("apps", "replicasets", "patch").to("scale").only(partReplicaSet),
			writePaused,
		)},
		{Op: "Archive", Needs: atRest},
		{Op: "Restore", Needs: atRest},
	}
}

func namingTemplates() needList {
	return on("argoproj.io", "workflowtemplates", "list").only("naming the templates there are").softly()
}

// deploymentNeeds are those of a backfill by a Deployment. Most end or begin with its status.
func deploymentNeeds() []workflow.OpNeeds {
	find := on("apps", "deployments", "get")
	status := slices.Concat(find, on("apps", "replicasets", "list"), on("", "pods", "list"))
	write := on("apps", "deployments", "patch")
	start := slices.Concat(status, write.only(partIdle))
	return []workflow.OpNeeds{
		{Op: opCreate, Needs: find},
		{Op: "Start", Needs: start},
		{Op: "Restart", Needs: start},
		{Op: "Pause", Needs: slices.Concat(find, write)},
		{Op: "Stop", Needs: slices.Concat(find, write)},
		{Op: "StopAndWait", Needs: slices.Concat(status, write)},
		{Op: "Status", Needs: status},
		{Op: "Follow", Needs: status},
		{Op: "Scale", Needs: slices.Concat(find, write.to("scale").only(partRunning), write.only(partPaused))},
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

// only is the list for a part of a method.
func (l needList) only(part string) needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].For = part
	}
	return all
}

// softly is the list for what a method can do without.
func (l needList) softly() needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].Soft = true
	}
	return all
}

// to is the list for a subresource.
func (l needList) to(subresource string) needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].Subresource = subresource
	}
	return all
}
