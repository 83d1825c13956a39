package differential

import (
	"context"
	"errors"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// verb is an operation, with its variants.
type verb struct{ variants []variant }

// variant acts on the workflow of that name and returns what the call returned, in words that don't
// depend on the time or the side.
type variant struct {
	what string
	do   func(ctx context.Context, s Side, name string) (string, error)
}

func verbs() map[string]verb {
	return map[string]verb{
		"start": {starts()}, "get": {[]variant{{"", get}}}, "list": {lists()},
		"suspend": {suspends()}, "resume": {resumes()}, "approve": {approves()}, "reject": {rejects()}, "stop": {stops()}, "terminate": {terminates()},
		"retry": {retries()}, "resubmit": {resubmits()}, "delete": {deletes()},
		"controller": {moves()},
	}
}

// wrongUID is the UID of no workflow.
const wrongUID types.UID = "00000000-0000-4000-8000-000000000000"

func starts() []variant {
	var all []variant
	for _, way := range []struct {
		what string
		edit func(*workflow.StartRequest)
	}{
		{"", func(*workflow.StartRequest) {}},
		{"with parameters and labels", func(r *workflow.StartRequest) {
			r.Parameters = map[string]any{"message": "größer", "count": 3}
			r.Labels = map[string]string{"example.com/team": "search"}
		}},
		{"by key", func(r *workflow.StartRequest) { r.IdempotencyKey = "key of " + r.Name }},
		{"with the same key, something else", func(r *workflow.StartRequest) {
			r.IdempotencyKey = "key of " + r.Name
			r.Parameters = map[string]any{"message": "other"}
		}},
		{"from no template", func(r *workflow.StartRequest) { r.Template = "nobody" }},
		{"with an unknown parameter", func(r *workflow.StartRequest) { r.Parameters = map[string]any{"massage": "hi"} }},
		{"with an unknown entrypoint", func(r *workflow.StartRequest) { r.Entrypoint = "nowhere" }},
		{"with an invalid name", func(r *workflow.StartRequest) { r.Name = "Not_A_Name" }},
		{"as a dry run", func(r *workflow.StartRequest) { r.DryRun = true }},
		{"reusing the name", func(r *workflow.StartRequest) { r.IfExists = workflow.ExistsReuse }},
		{"as a dry run that replaces", func(r *workflow.StartRequest) { r.IfExists, r.DryRun = workflow.ExistsReplace, true }},
		{"suspended", func(r *workflow.StartRequest) { r.Spec = map[string]any{"suspend": true} }},
	} {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, name string) (string, error) {
			req := workflow.StartRequest{Template: Template, Name: name}
			way.edit(&req)
			started, err := s.Client.Start(ctx, req)
			if err != nil {
				return "", err
			}
			said, err := summary(started.WorkflowStatus, nil)
			return fmt.Sprintf("%s, found: %t, replaced: %t", said, started.Found, started.Replaced != ""), err
		}})
	}
	return all
}

func get(ctx context.Context, s Side, name string) (string, error) {
	return summary(s.Client.Get(ctx, name))
}

func lists() []variant {
	var all []variant
	for _, way := range []struct {
		what string
		opts workflow.ListOptions
	}{
		{"", workflow.ListOptions{}},
		{"one at a time, failed or running ones", workflow.ListOptions{
			PageSize: 1, Outcomes: []status.Outcome{status.OutcomeFailed, status.OutcomeRunning},
		}},
		{"by a label", workflow.ListOptions{LabelSelector: "example.com/team=search"}},
		{"with an invalid selector", workflow.ListOptions{LabelSelector: "a b c"}},
	} {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, _ string) (string, error) {
			var found []string
			for w, err := range s.Client.List(ctx, way.opts) {
				if err != nil {
					return "", err
				}
				found = append(found, words(w))
			}
			slices.Sort(found)
			return fmt.Sprint(found), nil
		}})
	}
	return all
}

func suspends() []variant {
	return []variant{
		{"", func(ctx context.Context, s Side, name string) (string, error) {
			return "", s.Client.Suspend(ctx, name, workflow.SuspendOptions{})
		}},
		{"another workflow of that name", func(ctx context.Context, s Side, name string) (string, error) {
			return "", s.Client.Suspend(ctx, name, workflow.SuspendOptions{UID: wrongUID})
		}},
	}
}

func resumes() []variant {
	var all []variant
	for _, way := range []struct {
		what string
		opts workflow.ResumeOptions
	}{
		{"", workflow.ResumeOptions{}},
		{"but not its gates", workflow.ResumeOptions{KeepGates: true}},
		{"another workflow of that name", workflow.ResumeOptions{UID: wrongUID}},
	} {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, name string) (string, error) {
			result, err := s.Client.Resume(ctx, name, way.opts)
			if err != nil {
				return "", err
			}
			var passed []string
			for _, n := range result.Gates {
				passed = append(passed, n.ID)
			}
			slices.Sort(passed)
			return fmt.Sprint(passed, result.Unsuspended), nil
		}})
	}
	return all
}

// way is a decision about gates, with a description.
type way struct {
	what     string
	decision workflow.Decision
}

func approves() []variant {
	outputs := map[string]any{"by": "ann"}
	return decides(func(ctx context.Context, s Side, name string, d workflow.Decision) (*workflow.DecisionResult, error) {
		return s.Client.Approve(ctx, name, d)
	}, []way{
		{"all, with outputs", workflow.Decision{All: true, Outputs: outputs}},
		{"all, without outputs", workflow.Decision{All: true}},
		{"the one gate, with outputs and an actor", workflow.Decision{
			Gates: []string{"approve"}, Outputs: map[string]any{"by": "ann", "note": "so \"it\" is"}, Message: "größer", By: "ann@example.com",
		}},
		{"by a selector", workflow.Decision{Selector: "displayName=approve", Outputs: outputs}},
		{"by a pattern", workflow.Decision{Gates: []string{"appr*"}, Outputs: outputs}},
		{"a gate that does not exist", workflow.Decision{Gates: []string{"aprove"}}},
		{"with an invalid selector", workflow.Decision{Selector: "nofield=x"}},
		{"with an output that no gate has", workflow.Decision{All: true, Outputs: map[string]any{"by": "ann", "bye": "ann"}}},
		{"another workflow of that name", workflow.Decision{All: true, UID: wrongUID}},
	})
}

func rejects() []variant {
	return decides(func(ctx context.Context, s Side, name string, d workflow.Decision) (*workflow.DecisionResult, error) {
		return s.Client.Reject(ctx, name, d)
	}, []way{
		{"all", workflow.Decision{All: true}},
		{"the one gate, with a message", workflow.Decision{Gates: []string{"approve"}, Message: "not today", By: "ann"}},
		{"a gate that does not exist", workflow.Decision{Selector: "displayName=nowhere"}},
		{"with outputs", workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}}},
		{"another workflow of that name", workflow.Decision{All: true, UID: wrongUID}},
	})
}

// decides returns the variants of a decision. What a call returned includes the gates that wait then.
func decides(
	decide func(ctx context.Context, s Side, name string, d workflow.Decision) (*workflow.DecisionResult, error), ways []way,
) []variant {
	var all []variant
	for _, way := range ways {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, name string) (string, error) {
			result, err := decide(ctx, s, name, way.decision)
			if err != nil {
				return "", err
			}
			waiting, err := s.Client.Gates(ctx, name)
			return fmt.Sprint(gateNames(result.Gates), gateNames(waiting)), err
		}})
	}
	return all
}

func gateNames(gates []workflow.Gate) []string {
	names := make([]string, len(gates))
	for i, gate := range gates {
		names[i] = fmt.Sprint(gate.ID, " ", gate.Name, " ", len(gate.Outputs))
	}
	return names
}

func stops() []variant {
	var all []variant
	for _, way := range []struct {
		what string
		opts workflow.StopOptions
	}{
		{"", workflow.StopOptions{}},
		{"another workflow of that name", workflow.StopOptions{UID: wrongUID}},
	} {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, name string) (string, error) {
			return "", s.Client.Stop(ctx, name, way.opts)
		}})
	}
	return all
}

func terminates() []variant {
	return []variant{{"", func(ctx context.Context, s Side, name string) (string, error) {
		return "", s.Client.Terminate(ctx, name, workflow.TerminateOptions{})
	}}}
}

func retries() []variant {
	var all []variant
	for _, way := range []struct {
		what string
		opts workflow.RetryOptions
	}{
		{"", workflow.RetryOptions{}},
		{"with another parameter", workflow.RetryOptions{Parameters: map[string]any{"message": "again"}}},
		{"successful nodes too", workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=load"}},
		{"with a selector alone", workflow.RetryOptions{Selector: "displayName=load"}},
		{"another workflow of that name", workflow.RetryOptions{UID: wrongUID}},
	} {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, name string) (string, error) {
			return summary(s.Client.Retry(ctx, name, way.opts))
		}})
	}
	return all
}

func resubmits() []variant {
	var all []variant
	for _, way := range []struct {
		what string
		edit func(*workflow.ResubmitOptions)
	}{
		{"", func(*workflow.ResubmitOptions) {}},
		{"with another parameter", func(o *workflow.ResubmitOptions) { o.Parameters = map[string]any{"message": "once more"} }},
		{"by key", func(o *workflow.ResubmitOptions) { o.IdempotencyKey = "key of " + o.Name }},
	} {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, name string) (string, error) {
			opts := workflow.ResubmitOptions{Name: name + "-again"}
			way.edit(&opts)
			return summary(s.Client.Resubmit(ctx, name, opts))
		}})
	}
	return all
}

func deletes() []variant {
	var all []variant
	for _, way := range []struct {
		what string
		opts workflow.DeleteOptions
	}{
		{"", workflow.DeleteOptions{}},
		{"and wait until it is gone", workflow.DeleteOptions{Wait: true}},
		{"in the background", workflow.DeleteOptions{Propagation: metav1.DeletePropagationBackground}},
		{"another workflow of that name", workflow.DeleteOptions{UID: wrongUID}},
		{"with an invalid propagation policy", workflow.DeleteOptions{Propagation: "Sideways"}},
	} {
		all = append(all, variant{way.what, func(ctx context.Context, s Side, name string) (string, error) {
			return "", s.Client.Delete(ctx, name, way.opts)
		}})
	}
	return all
}

// summary describes what a call returned.
func summary(s *status.WorkflowStatus, err error) (string, error) {
	switch {
	case err != nil && s != nil:
		return "", errors.Join(errors.New("a state and an error"), err)
	case err != nil:
		return "", err
	}
	return words(s), nil
}

// words describe a status, without times, versions and the namespace.
func words(s *status.WorkflowStatus) string {
	var nodes []string
	for _, n := range s.Nodes {
		nodes = append(nodes, fmt.Sprintf("%s %s %q", n.ID, n.Phase, n.Message))
	}
	slices.Sort(nodes)
	var arguments []string
	for _, p := range s.Arguments {
		arguments = append(arguments, p.Name+"="+p.Value)
	}
	return fmt.Sprintf("%s: phase %q, outcome %q, message %q, suspended %t, waits %t, arguments %q, labels %v, nodes %q",
		s.Name, s.Phase, s.Outcome(), s.Message, s.SpecSuspended, s.Suspended(), arguments, s.Labels, nodes)
}
