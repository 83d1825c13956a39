package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	workflowName = "bulk-load-x7f2k"
	snapshot     = "snapshot-2026-11-01"
)

// bulkLoad has the nodes that Argo's controller leaves of a bulk load, by id: steps that fan
// out into shards, each of them steps with a retried pod, its check and the group nodes around them.
// Which fields a node of which type has was read off such a run.
type bulkLoad map[string]*wfv1.NodeStatus

// bigWorkflow returns a bulk load that ended with that many nodes, the same at every call.
func bigWorkflow(nodes int) *wfv1.Workflow {
	b := bulkLoad{}
	root := b.addSteps(nodes)
	wf := &wfv1.Workflow{
		TypeMeta: metav1.TypeMeta{APIVersion: "argoproj.io/v1alpha1", Kind: "Workflow"},
		ObjectMeta: metav1.ObjectMeta{
			Name: workflowName, Namespace: "ma", UID: "0822180b-9f0c-4800-9507-8923aa976135", ResourceVersion: "376221",
			CreationTimestamp: root.StartedAt,
			Labels: map[string]string{
				"workflows.argoproj.io/completed":         "true",
				"workflows.argoproj.io/phase":             "Failed",
				"workflows.argoproj.io/workflow-template": "bulk-load",
			},
			Annotations: map[string]string{"workflows.argoproj.io/pod-name-format": "v2"},
		},
		Spec: wfv1.WorkflowSpec{
			WorkflowTemplateRef: &wfv1.WorkflowTemplateRef{Name: "bulk-load"},
			Arguments:           wfv1.Arguments{Parameters: parameters("session-name", "s-42", "snapshot-name", snapshot)},
		},
		Status: wfv1.WorkflowStatus{
			Phase: wfv1.WorkflowFailed, Message: root.Message, Progress: root.Progress,
			StartedAt: root.StartedAt, FinishedAt: root.FinishedAt, ResourcesDuration: root.ResourcesDuration,
			Conditions: wfv1.Conditions{
				{Type: wfv1.ConditionTypePodRunning, Status: metav1.ConditionFalse},
				{Type: wfv1.ConditionTypeCompleted, Status: metav1.ConditionTrue},
			},
			Nodes: make(wfv1.Nodes, nodes),
		},
	}
	for id, n := range b {
		wf.Status.Nodes[id] = *n
	}
	return wf
}

// addSteps adds the root, its only group and below that the shards.
func (b bulkLoad) addSteps(nodes int) (root *wfv1.NodeStatus) {
	const mostBelowShard = 6
	root = b.add(nil, workflowName, wfv1.NodeTypeSteps, "run-bulk-load")
	group := b.add(root, workflowName+"[0]", wfv1.NodeTypeStepGroup, "")
	for number := 0; len(b) < nodes; number++ {
		shard := b.add(group, fmt.Sprintf("%s.shard(%d:%[2]d)", group.Name, number), wfv1.NodeTypeSteps, "load-shard")
		if len(b)+mostBelowShard <= nodes {
			b.addShard(shard, number)
		} else { // it was left out, and is a node all the same
			shard.Type, shard.Phase = wfv1.NodeTypeSkipped, wfv1.NodeSkipped
			shard.Message = "when 'false == true' evaluated false"
			shard.FinishedAt, shard.Progress, shard.ResourcesDuration = shard.StartedAt, "", nil
			shard.OutboundNodes = []string{shard.ID}
		}
		root.OutboundNodes = append(root.OutboundNodes, shard.OutboundNodes...)
		if shard.Phase == wfv1.NodeFailed && group.Phase == wfv1.NodeSucceeded {
			fail(fmt.Sprintf("child '%s' failed", shard.ID), group, root)
		}
	}
	setPods(2*len(group.Children), group, root)
	return root
}

// addShard adds what a shard consists of: of each 25 one succeeds at the second attempt, of each 200
// one fails for good.
func (b bulkLoad) addShard(shard *wfv1.NodeStatus, number int) {
	attempts, failed := 1, number%200 == 100
	if number%25 == 0 {
		attempts = 2
	}
	id, documents := strconv.Itoa(number), strconv.Itoa(100_000+number*7919%900_000)
	shard.Inputs = &wfv1.Inputs{Parameters: parameters("shard", id, "snapshot", snapshot)}
	load := b.add(shard, shard.Name+"[0]", wfv1.NodeTypeStepGroup, "")
	retry := b.add(load, load.Name+".migrate", wfv1.NodeTypeRetry, "migrate")
	retry.Inputs = shard.Inputs
	setPods(attempts+1, retry, load, shard)

	var last *wfv1.NodeStatus
	for i := range attempts {
		last = b.addPod(retry, fmt.Sprintf("%s(%d)", retry.Name, i), "migrate")
		last.NodeFlag, last.Inputs = &wfv1.NodeFlag{Retried: true}, retry.Inputs
		last.Outputs.Parameters = parameters("documents", documents)
		last.Outputs.Parameters[0].ValueFrom = &wfv1.ValueFrom{Path: "/tmp/documents"}
		report := artifact("report", fmt.Sprintf("reports/%s/shard-%d.json", workflowName, number))
		report.Path, report.Archive = "/tmp/report.json", &wfv1.ArchiveStrategy{None: &wfv1.NoneStrategy{}}
		last.Outputs.Artifacts = append(wfv1.Artifacts{report}, last.Outputs.Artifacts...)
		if failed || i < attempts-1 {
			last.Outputs.ExitCode = new("1")
			fail(fmt.Sprintf("main: Error (exit code 1): shard %d: target refused the documents", number), last)
		}
	}
	retry.Outputs = last.Outputs
	if failed {
		fail("No more retries left", retry)
		fail(fmt.Sprintf("child '%s' failed", retry.ID), load, shard)
		shard.OutboundNodes = []string{last.ID}
		return
	}
	group := b.add(last, shard.Name+"[1]", wfv1.NodeTypeStepGroup, "")
	check := b.addPod(group, group.Name+".check", "check")
	check.Inputs = &wfv1.Inputs{Parameters: parameters("shard", id, "documents", documents)}
	shard.OutboundNodes = []string{check.ID}
}

// addPod adds the node of a pod that has succeeded.
func (b bulkLoad) addPod(parent *wfv1.NodeStatus, name, template string) *wfv1.NodeStatus {
	pod := b.add(parent, name, wfv1.NodeTypePod, template)
	pod.HostNodeName = fmt.Sprintf("ip-10-0-%d-%d.eu-central-1.compute.internal", len(b)%4, len(b)%40)
	pod.TaskResultSynced = new(true)
	log := fmt.Sprintf("%s/%[1]s-%s-%s/main.log", workflowName, template, strings.TrimPrefix(pod.ID, workflowName+"-"))
	pod.Outputs = &wfv1.Outputs{ExitCode: new("0"), Artifacts: wfv1.Artifacts{artifact("main-logs", log)}}
	return pod
}

// add adds a node that has succeeded, below its parent.
func (b bulkLoad) add(parent *wfv1.NodeStatus, name string, kind wfv1.NodeType, template string) *wfv1.NodeStatus {
	id := (&wfv1.Workflow{ObjectMeta: metav1.ObjectMeta{Name: workflowName}}).NodeID(name)
	lastPart := strings.TrimPrefix(name[max(0, strings.LastIndexAny(name, ".[")):], ".")
	start := time.Date(2026, 11, 2, 8, 30, (len(b)+1)/4, 0, time.UTC) // four nodes a second
	seconds := 30 + len(b)%17
	node := &wfv1.NodeStatus{
		ID: id, Name: name, DisplayName: lastPart, Type: kind, TemplateName: template, TemplateScope: "local/" + workflowName,
		Phase: wfv1.NodeSucceeded, Progress: "1/1",
		StartedAt: metav1.NewTime(start), FinishedAt: metav1.NewTime(start.Add(time.Duration(seconds) * time.Second)),
		ResourcesDuration: wfv1.ResourcesDuration{
			corev1.ResourceCPU: wfv1.ResourceDuration(seconds), corev1.ResourceMemory: wfv1.ResourceDuration(seconds * 10),
		},
	}
	if kind == wfv1.NodeTypeStepGroup {
		node.NodeFlag = &wfv1.NodeFlag{}
	}
	if parent != nil {
		parent.Children = append(parent.Children, id)
		node.BoundaryID = parent.BoundaryID
		if parent.Type == wfv1.NodeTypeSteps {
			node.BoundaryID = parent.ID
		}
	}
	b[id] = node
	return node
}

func fail(message string, nodes ...*wfv1.NodeStatus) {
	for _, n := range nodes {
		n.Phase, n.Message = wfv1.NodeFailed, message
	}
}

// setPods sets the progress of nodes that hold that many pods.
func setPods(pods int, groups ...*wfv1.NodeStatus) {
	for _, n := range groups {
		n.Progress = wfv1.Progress(fmt.Sprintf("%d/%[1]d", pods))
	}
}

// parameters makes parameters of names and values in turn.
func parameters(namesAndValues ...string) (made []wfv1.Parameter) {
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		made = append(made, wfv1.Parameter{Name: namesAndValues[i], Value: wfv1.AnyStringPtr(namesAndValues[i+1])})
	}
	return made
}

func artifact(name, key string) wfv1.Artifact {
	return wfv1.Artifact{Name: name, ArtifactLocation: wfv1.ArtifactLocation{S3: &wfv1.S3Artifact{Key: key}}}
}
