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
	// Only their number: the permission to patch a Deployment or ReplicaSet is one to run any pod.
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
		workers.only(partStarted), on("argoproj.io", "workflows", "patch").only(partPaused), scalePaused, shown,
	)
	stop := slices.Concat(runs, steer, workers, scale)
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
			runs, workers, scale,
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

// deploymentNeeds are those of a backfill by a Deployment. Most end or begin with its status.
func deploymentNeeds() []workflow.OpNeeds {
	find := slices.Concat(on("apps", "deployments", "get"), on("", "configmaps", "get").named(notesConfigMap))
	status := slices.Concat(find, on("apps", "replicasets", "list"), on("", "pods", "list"))
	scale := on("apps", "deployments", "patch").toScale()
	note := on("", "configmaps", "patch").named(notesConfigMap)
	stop := slices.Concat(scale.only(partRunning), note.only(partPausedBefore))
	return []workflow.OpNeeds{
		{Op: opCreate, Needs: find},
		{Op: "Start", Needs: slices.Concat(status, scale.only(partIdle), note.only(partPaused))},
		{Op: "Restart", Needs: slices.Concat(status, scale.only(partStopped))}, // one that is paused is refused
		{Op: "Pause", Needs: slices.Concat(
			find, scale, note.only(partNoting), on("", "configmaps", "create").only(partMaking).softly(),
		)},
		{Op: "Stop", Needs: slices.Concat(find, stop)},
		{Op: "StopAndWait", Needs: slices.Concat(status, stop)},
		{Op: "Status", Needs: status},
		{Op: "Follow", Needs: status},
		{Op: "Scale", Needs: slices.Concat(find, scale.only(partRunning), note.only(partPaused))},
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

// toScale is the list for the subresource that has the number of replicas and nothing else.
func (l needList) toScale() needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].Subresource = "scale"
	}
	return all
}

// named is the list for one object.
func (l needList) named(name string) needList {
	all := slices.Clone(l)
	for i := range all {
		all[i].Name = name
	}
	return all
}
