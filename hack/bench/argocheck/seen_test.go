package argocheck

import (
	"cmp"
	"fmt"

	wfv1 "github.com/argoproj/argo-workflows/v4/pkg/apis/workflow/v1alpha1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// seen is what can be compared of a node.
type seen struct {
	name, displayName, kind, template, phase, message, boundary, progress, host string

	start, end, ref, lock string

	retried, hooked, daemoned bool
	children, outbound        []string
	inputs, outputs           map[string]string
	artifacts                 []string
	exitCode                  string
}

func ofOurs(n *status.Node) seen {
	details := n.Details()
	s := seen{
		name: n.Name, displayName: n.DisplayName, kind: string(n.Type), template: n.TemplateName, phase: string(n.Phase),
		message: n.Message, boundary: n.BoundaryID, progress: n.Progress.String(), host: details.HostNodeName,
		start: n.StartTime.UTC().String(), end: n.EndTime.UTC().String(), ref: fmt.Sprint(n.TemplateRef), lock: n.WaitingForLock,
		retried: n.Retried, hooked: n.Hooked, daemoned: n.Daemoned,
		children: n.Children, outbound: details.OutboundNodes, artifacts: n.Outputs().Artifacts, exitCode: n.Outputs().ExitCode,
		inputs: map[string]string{}, outputs: map[string]string{},
	}
	for _, p := range n.Inputs().Parameters {
		s.inputs[p.Name] = p.Value
	}
	for _, p := range n.Outputs().Parameters {
		s.outputs[p.Name] = p.Value
	}
	return s
}

func ofArgo(n wfv1.NodeStatus) seen {
	s := seen{
		name: n.Name, displayName: n.DisplayName, kind: string(n.Type), template: n.TemplateName, phase: string(n.Phase),
		message: n.Message, boundary: n.BoundaryID, progress: cmp.Or(string(n.Progress), "0/0"), host: n.HostNodeName,
		start: n.StartedAt.UTC().String(), end: n.FinishedAt.UTC().String(), ref: fmt.Sprint(status.TemplateRef{}), daemoned: n.IsDaemoned(),
		children: n.Children, outbound: n.OutboundNodes, inputs: map[string]string{}, outputs: map[string]string{},
	}
	s.displayName = cmp.Or(s.displayName, s.name)
	if n.NodeFlag != nil {
		s.retried, s.hooked = n.NodeFlag.Retried, n.NodeFlag.Hooked
	}
	if ref := n.TemplateRef; ref != nil {
		s.ref = fmt.Sprint(status.TemplateRef{Name: ref.Name, Template: ref.Template, ClusterScope: ref.ClusterScope})
	}
	if n.SynchronizationStatus != nil {
		s.lock = n.SynchronizationStatus.Waiting
	}
	if n.Inputs != nil {
		for _, p := range n.Inputs.Parameters {
			s.inputs[p.Name] = text(p.Value)
		}
	}
	if n.Outputs != nil {
		for _, p := range n.Outputs.Parameters {
			s.outputs[p.Name] = text(p.Value)
		}
		for _, a := range n.Outputs.Artifacts {
			s.artifacts = append(s.artifacts, a.Name)
		}
		if n.Outputs.ExitCode != nil {
			s.exitCode = *n.Outputs.ExitCode
		}
	}
	return s
}

func text(value *wfv1.AnyString) string {
	if value == nil {
		return ""
	}
	return value.String()
}
