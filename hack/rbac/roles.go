package main

import (
	"slices"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// role is one to be written: for the operations of one or more sources.
type role struct {
	file, name string // file is relative to the checkout's root
	about      string // a sentence or two
	cluster    bool   // it has what is cluster-scoped, and nothing else; else the rest
	kustomized bool   // it is part of a Kustomization, which has the ServiceAccount and changes the namespace
	// accounts are those of other files that get the role; nil means one of its own.
	accounts []string
	sources  []source
}

// source is a table of what operations require.
type source struct {
	name string // put before its operations; "": nothing is
	ops  []workflow.OpRequirements
}

func roles() []role {
	reader := requirementsOf(workflow.OpGet, workflow.OpList, workflow.OpWatch, workflow.OpWait, workflow.OpGates, workflow.OpLogs)
	operator := slices.Concat(reader, requirementsOf(
		workflow.OpStart, workflow.OpApprove, workflow.OpReject, workflow.OpSuspend, workflow.OpResume, workflow.OpStop, workflow.OpTerminate,
		workflow.OpRetry, workflow.OpResubmit, workflow.OpDelete,
	))
	backfills := func(also ...workflow.Op) []source {
		return []source{
			{ops: slices.Concat(backfill.Requirements(backfill.ProviderArgo), requirementsOf(also...), eventRequirements())},
			{name: "k8s", ops: backfill.Requirements(backfill.ProviderK8s)},
		}
	}
	return []role{
		{
			file: "hack/rbac/reader.yaml", name: "argoservice-reader", about: "Who looks at workflows: get, list, watch, wait, gates, logs.",
			sources: []source{{ops: reader}},
		},
		{
			file: "hack/rbac/operator.yaml", name: "argoservice-operator",
			about:   "Who runs workflows: everything of workflow.Interface. ClusterWorkflowTemplates need cluster-templates.yaml too.",
			sources: []source{{ops: operator}},
		},
		{
			file: "hack/rbac/cluster-templates.yaml", name: "argoservice-cluster-templates", cluster: true,
			about:   "Who starts from ClusterWorkflowTemplates needs this beside the role of operator.yaml.",
			sources: []source{{ops: operator}},
		},
		{
			file: "hack/rbac/approval-gates.yaml", name: "argoservice-approval-gates",
			about:    "Who decides about ApprovalGate objects (workflow.ApprovalGates) needs this beside operator.yaml, backfill.yaml or the service's role.",
			accounts: []string{"argoservice-operator", "argoservice-backfill", "backfill-service"},
			sources:  []source{{ops: gateRequirements(workflow.ApprovalGates(), workflow.OpApprove, workflow.OpReject)}},
		},
		{
			file: "hack/rbac/backfill.yaml", name: "argoservice-backfill",
			about:   "Who runs backfills: every method, of the providers argo and k8s, and Events of what they change.",
			sources: backfills(),
		},
		{
			file: "examples/service/deploy/rbac.yaml", name: "backfill-service", kustomized: true,
			about:   "What the service does: backfills, of the providers argo and k8s, their logs, and Events of what it changes.",
			sources: backfills(workflow.OpLogs),
		},
	}
}

// eventRequirements is what operations that backfills are made of need to record Events, and nothing else.
func eventRequirements() []workflow.OpRequirements {
	all := requirementsOf(workflow.OpStart, workflow.OpApprove, workflow.OpReject, workflow.OpSuspend, workflow.OpResume, workflow.OpStop)
	for i := range all {
		all[i].Requirements = slices.DeleteFunc(all[i].Requirements, func(n workflow.Requirement) bool { return n.Resource != "events" })
	}
	return all
}

// gateRequirements is what operations need for gates of a policy.
func gateRequirements(policy workflow.GatePolicy, ops ...workflow.Op) []workflow.OpRequirements {
	all := make([]workflow.OpRequirements, len(ops))
	for i, op := range ops {
		all[i] = workflow.OpRequirements{Op: op, Requirements: policy.Requirements(op)}
	}
	return all
}

func requirementsOf(ops ...workflow.Op) []workflow.OpRequirements {
	all := make([]workflow.OpRequirements, len(ops))
	for i, op := range ops {
		all[i] = workflow.OpRequirements{Op: op, Requirements: workflow.Requirements(op)}
	}
	return all
}
