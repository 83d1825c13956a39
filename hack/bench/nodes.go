package main

import (
	"fmt"
	"strconv"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const workflowName = "bulk-load-x7f2k"

// bulkLoad writes the nodes that Argo's controller (3.7.4) leaves of a bulk load: steps that fan
// out into shards, each of them steps with a retried pod, its check and the group nodes
// around them. Which fields a node of which type has was read off such a run.
type bulkLoad struct {
	wf    *wfv1.Workflow
	clock time.Time
}

// bigWorkflow returns a bulk load that ended with that many nodes, the same at every call.
func bigWorkflow(nodes int) *wfv1.Workflow {
	start := time.Date(2026, 11, 2, 8, 30, 0, 0, time.UTC)
	r := bulkLoad{clock: start, wf: &wfv1.Workflow{
		TypeMeta: metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "Workflow"},
		ObjectMeta: metav1.ObjectMeta{
			Name: workflowName, Namespace: "ma", UID: "0822180b-9f0c-4800-9507-8923aa976135", ResourceVersion: "376221",
			CreationTimestamp: metav1.NewTime(start),
			Labels: map[string]string{
				"workflows.argoproj.io/completed":         "true",
				"workflows.argoproj.io/phase":             "Failed",
				"workflows.argoproj.io/workflow-template": "bulk-load",
			},
			Annotations: map[string]string{"workflows.argoproj.io/pod-name-format": "v2"},
		},
		Spec: wfv1.WorkflowSpec{
			WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: "bulk-load"},
			Arguments:           wfv1.Arguments{Parameters: parameters("session-name", "s-42", "snapshot-name", "snapshot-2026-11-01")},
		},
	}}
	r.wf.Status = wfv1.WorkflowStatus{
		Phase: wfv1.WorkflowFailed, StartedAt: metav1.NewTime(start), Nodes: make(wfv1.Nodes, nodes),
		Conditions: wfv1.Conditions{
			{Type: wfv1.ConditionTypePodRunning, Status: metav1.ConditionFalse},
			{Type: wfv1.ConditionTypeCompleted, Status: metav1.ConditionTrue},
		},
	}
	r.steps(nodes)
	root := r.wf.Status.Nodes[workflowName]
	r.wf.Status.Message, r.wf.Status.Progress = root.Message, root.Progress
	r.wf.Status.FinishedAt, r.wf.Status.ResourcesDuration = root.FinishedAt, root.ResourcesDuration
	return r.wf
}

// steps adds the root, its only group and below that the shards.
func (r *bulkLoad) steps(nodes int) {
	const mostOfShard = 7
	root := r.node(workflowName, wfv1.NodeTypeSteps, "run-bulk-load", "")
	group := r.node(workflowName+"[0]", wfv1.NodeTypeStepGroup, "", root.ID)
	group.Phase = wfv1.NodeSucceeded
	r.put(root, group)
	for number := 0; len(r.wf.Status.Nodes) < nodes; number++ {
		var shard wfv1.NodeStatus
		if len(r.wf.Status.Nodes)+mostOfShard > nodes {
			shard = r.skipped(group.Name, root.ID, number)
		} else {
			shard = r.shard(group.Name, root.ID, number)
		}
		group.Children = append(group.Children, shard.ID)
		root.OutboundNodes = append(root.OutboundNodes, shard.OutboundNodes...)
		if shard.Phase == wfv1.NodeFailed && group.Phase == wfv1.NodeSucceeded {
			group.Phase, group.Message = shard.Phase, fmt.Sprintf("child '%s' failed", shard.ID)
		}
	}
	root.Children = []string{group.ID}
	root.Phase, root.Message = group.Phase, group.Message
	r.endGroups(2*len(group.Children), &group, &root)
}

// skipped is a shard that was left out; it is a node all the same.
func (r *bulkLoad) skipped(group, boundary string, number int) wfv1.NodeStatus {
	shard := r.node(fmt.Sprintf("%s.shard(%d:%[2]d)", group, number), wfv1.NodeTypeSkipped, "load-shard", boundary)
	shard.Phase, shard.Message, shard.FinishedAt = wfv1.NodeSkipped, "when 'false == true' evaluated false", shard.StartedAt
	shard.OutboundNodes = []string{shard.ID}
	r.put(shard)
	return shard
}

// shard adds one shard: of each 25 one succeeds at the second attempt, of each 200 one
// fails for good.
func (r *bulkLoad) shard(group, boundary string, number int) wfv1.NodeStatus {
	shard := r.node(fmt.Sprintf("%s.shard(%d:%[2]d)", group, number), wfv1.NodeTypeSteps, "load-shard", boundary)
	shard.Inputs = inputs("shard", strconv.Itoa(number), "snapshot", "snapshot-2026-11-01")
	load := r.node(shard.Name+"[0]", wfv1.NodeTypeStepGroup, "", shard.ID)
	retry := r.node(load.Name+".migrate", wfv1.NodeTypeRetry, "migrate", shard.ID)
	retry.Inputs = shard.Inputs

	attempts, failed := 1, number%200 == 100
	if number%25 == 0 {
		attempts = 2
	}
	var last wfv1.NodeStatus
	for i := range attempts {
		last = r.attempt(retry, i, number, i == attempts-1 && !failed)
		retry.Children = append(retry.Children, last.ID)
	}
	retry.Outputs = last.Outputs
	load.Children, shard.Children = []string{retry.ID}, []string{load.ID}
	for _, n := range []*wfv1.NodeStatus{&retry, &load, &shard} {
		n.Phase = phase(!failed)
	}
	if failed {
		retry.Message = "No more retries left"
		load.Message = fmt.Sprintf("child '%s' failed", retry.ID)
		shard.Message, shard.OutboundNodes = load.Message, []string{last.ID}
	} else {
		next, check := r.check(shard, number)
		last.Children, shard.OutboundNodes = []string{next.ID}, []string{check.ID}
		r.put(last)
	}
	r.endGroups(attempts+1, &retry, &load, &shard)
	return shard
}

func (r *bulkLoad) attempt(retry wfv1.NodeStatus, number, shard int, succeeded bool) wfv1.NodeStatus {
	pod := r.pod(fmt.Sprintf("%s(%d)", retry.Name, number), "migrate", retry.BoundaryID, succeeded)
	pod.NodeFlag = &wfv1.NodeFlag{Retried: true}
	pod.Inputs = retry.Inputs
	pod.Outputs.Parameters = parameters("documents", documents(shard))
	pod.Outputs.Parameters[0].ValueFrom = &wfv1.ValueFrom{Path: "/tmp/documents"}
	pod.Outputs.Artifacts = append(wfv1.Artifacts{{
		Name: "report", Path: "/tmp/report.json", Archive: &wfv1.ArchiveStrategy{None: &wfv1.NoneStrategy{}},
		ArtifactLocation: wfv1.ArtifactLocation{S3: &wfv1.S3Artifact{Key: fmt.Sprintf("reports/%s/shard-%d.json", workflowName, shard)}},
	}}, pod.Outputs.Artifacts...)
	if !succeeded {
		pod.Message = fmt.Sprintf("main: Error (exit code 1): shard %d: target refused the documents", shard)
	}
	r.put(pod)
	return pod
}

// check adds what follows the load of a shard: another group with one pod.
func (r *bulkLoad) check(shard wfv1.NodeStatus, number int) (group, check wfv1.NodeStatus) {
	group = r.node(shard.Name+"[1]", wfv1.NodeTypeStepGroup, "", shard.ID)
	check = r.pod(group.Name+".check", "check", shard.ID, true)
	check.Inputs = inputs("shard", strconv.Itoa(number), "documents", documents(number))
	group.Children, group.Phase = []string{check.ID}, check.Phase
	r.put(check)
	r.endGroups(1, &group)
	return group, check
}

// pod is a Pod node that has ended.
func (r *bulkLoad) pod(name, template, boundary string, succeeded bool) wfv1.NodeStatus {
	node := r.node(name, wfv1.NodeTypePod, template, boundary)
	node.Phase, node.Progress = phase(succeeded), "1/1"
	node.HostNodeName = fmt.Sprintf("ip-10-0-%d-%d.eu-central-1.compute.internal", len(r.wf.Status.Nodes)%4, len(r.wf.Status.Nodes)%40)
	node.TaskResultSynced = new(true)
	exitCode := "0"
	if !succeeded {
		exitCode = "1"
	}
	key := fmt.Sprintf("%s/%s-%s-%s/main.log", workflowName, workflowName, template, node.ID[len(workflowName)+1:])
	node.Outputs = &wfv1.Outputs{ExitCode: &exitCode, Artifacts: wfv1.Artifacts{{
		Name: "main-logs", ArtifactLocation: wfv1.ArtifactLocation{S3: &wfv1.S3Artifact{Key: key}},
	}}}
	r.end(&node, 30)
	return node
}

func (r *bulkLoad) node(name string, kind wfv1.NodeType, template, boundary string) wfv1.NodeStatus {
	r.clock = r.clock.Add(time.Second / 4)
	node := wfv1.NodeStatus{
		ID: r.wf.NodeID(name), Name: name, DisplayName: displayName(name), Type: kind, TemplateName: template,
		TemplateScope: "local/" + workflowName, BoundaryID: boundary, StartedAt: metav1.NewTime(r.clock.Truncate(time.Second)),
	}
	if kind == wfv1.NodeTypeStepGroup {
		node.NodeFlag = &wfv1.NodeFlag{}
	}
	return node
}

// end ends a node some seconds after its start.
func (r *bulkLoad) end(node *wfv1.NodeStatus, seconds int) {
	seconds += len(r.wf.Status.Nodes) % 17
	node.FinishedAt = metav1.NewTime(node.StartedAt.Add(time.Duration(seconds) * time.Second))
	node.ResourcesDuration = wfv1.ResourcesDuration{
		corev1.ResourceCPU: wfv1.ResourceDuration(seconds), corev1.ResourceMemory: wfv1.ResourceDuration(seconds * 10),
	}
}

// endGroups ends nodes that hold that many pods.
func (r *bulkLoad) endGroups(pods int, groups ...*wfv1.NodeStatus) {
	for _, n := range groups {
		n.Progress = wfv1.Progress(fmt.Sprintf("%d/%[1]d", pods))
		r.end(n, 40)
		r.put(*n)
	}
}

func (r *bulkLoad) put(nodes ...wfv1.NodeStatus) {
	for _, n := range nodes {
		r.wf.Status.Nodes[n.ID] = n
	}
}
