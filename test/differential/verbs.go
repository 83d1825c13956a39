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

// variant acts on the workflow of that name and returns what the call returned, in words that don't
// depend on the time or the side.
type variant struct {
	what string
	do   func(ctx context.Context, s Side, name string) (string, error)
}

// verbs returns the variants of each operation.
func verbs() map[string][]variant {
	return map[string][]variant{
		"start": starts(), "get": {{"", get}}, "list": lists(),
		"suspend": suspends(), "resume": resumes(), "approve": approves(), "reject": rejects(), "stop": stops(),
		"terminate": {{"", terminate}}, "retry": retries(), "resubmit": resubmits(), "delete": deletes(),
		"controller": moves(),
	}
}

// wrongUID is the UID of no workflow.
const wrongUID types.UID = "00000000-0000-4000-8000-000000000000"

// way is one way to make a call: its options, with a description.
type way[O any] struct {
	what string
	opts O
}

// variantsOf returns a variant of a call for each way to make it.
func variantsOf[O any](
	call func(ctx context.Context, s Side, name string, opts O) (string, error), ways []way[O],
) []variant {
	all := make([]variant, len(ways))
	for i, w := range ways {
		all[i] = variant{w.what, func(ctx context.Context, s Side, name string) (string, error) {
			return call(ctx, s, name, w.opts)
		}}
	}
	return all
}

func starts() []variant {
	return variantsOf(func(ctx context.Context, s Side, name string, edit func(*workflow.StartRequest)) (string, error) {
		req := workflow.StartRequest{Template: Template, Name: name}
		edit(&req)
		started, err := s.Client.Start(ctx, req)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("%s, found: %t, replaced: %t",
			words(started.WorkflowStatus), started.Found, started.Replaced != ""), nil
	}, []way[func(*workflow.StartRequest)]{
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
	})
}

func get(ctx context.Context, s Side, name string) (string, error) {
	return summary(s.Client.Get(ctx, name))
}

func lists() []variant {
	return variantsOf(func(ctx context.Context, s Side, _ string, opts workflow.ListOptions) (string, error) {
		var found []string
		for w, err := range s.Client.List(ctx, opts) {
			if err != nil {
				return "", err
			}
			found = append(found, words(w))
		}
		slices.Sort(found)
		return fmt.Sprint(found), nil
	}, []way[workflow.ListOptions]{
		{"", workflow.ListOptions{}},
		{"one at a time, failed or running ones", workflow.ListOptions{
			PageSize: 1, Outcomes: []status.Outcome{status.OutcomeFailed, status.OutcomeRunning},
		}},
		{"by a label", workflow.ListOptions{LabelSelector: "example.com/team=search"}},
		{"with an invalid selector", workflow.ListOptions{LabelSelector: "a b c"}},
	})
}

func suspends() []variant {
	return variantsOf(func(ctx context.Context, s Side, name string, opts workflow.SuspendOptions) (string, error) {
		return "", s.Client.Suspend(ctx, name, opts)
	}, []way[workflow.SuspendOptions]{
		{"", workflow.SuspendOptions{}},
		{"another workflow of that name", workflow.SuspendOptions{UID: wrongUID}},
	})
}

func resumes() []variant {
	return variantsOf(func(ctx context.Context, s Side, name string, opts workflow.ResumeOptions) (string, error) {
		result, err := s.Client.Resume(ctx, name, opts)
		if err != nil {
			return "", err
		}
		var passed []string
		for _, n := range result.Gates {
			passed = append(passed, n.ID)
		}
		slices.Sort(passed)
		return fmt.Sprint(passed, result.Unsuspended), nil
	}, []way[workflow.ResumeOptions]{
		{"", workflow.ResumeOptions{}},
		{"but not its gates", workflow.ResumeOptions{KeepGates: true}},
		{"another workflow of that name", workflow.ResumeOptions{UID: wrongUID}},
	})
}

func approves() []variant {
	outputs := map[string]any{"by": "ann"}
	return variantsOf(func(ctx context.Context, s Side, name string, d workflow.Decision) (string, error) {
		result, err := s.Client.Approve(ctx, name, d)
		return decided(ctx, s, name, result, err)
	}, []way[workflow.Decision]{
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
	return variantsOf(func(ctx context.Context, s Side, name string, d workflow.Decision) (string, error) {
		result, err := s.Client.Reject(ctx, name, d)
		return decided(ctx, s, name, result, err)
	}, []way[workflow.Decision]{
		{"all", workflow.Decision{All: true}},
		{"the one gate, with a message", workflow.Decision{Gates: []string{"approve"}, Message: "not today", By: "ann"}},
		{"a gate that does not exist", workflow.Decision{Selector: "displayName=nowhere"}},
		{"with outputs", workflow.Decision{All: true, Outputs: map[string]any{"by": "ann"}}},
		{"another workflow of that name", workflow.Decision{All: true, UID: wrongUID}},
	})
}

// decided describes what a decision returned, and the gates that wait then.
func decided(ctx context.Context, s Side, name string, result *workflow.DecisionResult, err error) (string, error) {
	if err != nil {
		return "", err
	}
	waiting, err := s.Client.Gates(ctx, name)
	return fmt.Sprint(gateNames(result.Gates), gateNames(waiting)), err
}

func gateNames(gates []workflow.Gate) []string {
	names := make([]string, len(gates))
	for i, gate := range gates {
		names[i] = fmt.Sprint(gate.ID, " ", gate.Name, " ", len(gate.Outputs))
	}
	return names
}

func stops() []variant {
	return variantsOf(func(ctx context.Context, s Side, name string, opts workflow.StopOptions) (string, error) {
		return "", s.Client.Stop(ctx, name, opts)
	}, []way[workflow.StopOptions]{
		{"", workflow.StopOptions{}},
		{"another workflow of that name", workflow.StopOptions{UID: wrongUID}},
	})
}

func terminate(ctx context.Context, s Side, name string) (string, error) {
	return "", s.Client.Terminate(ctx, name, workflow.TerminateOptions{})
}

func retries() []variant {
	return variantsOf(func(ctx context.Context, s Side, name string, opts workflow.RetryOptions) (string, error) {
		return summary(s.Client.Retry(ctx, name, opts))
	}, []way[workflow.RetryOptions]{
		{"", workflow.RetryOptions{}},
		{"with another parameter", workflow.RetryOptions{Parameters: map[string]any{"message": "again"}}},
		{"successful nodes too", workflow.RetryOptions{RestartSuccessful: true, Selector: "displayName=load"}},
		{"with a selector alone", workflow.RetryOptions{Selector: "displayName=load"}},
		{"another workflow of that name", workflow.RetryOptions{UID: wrongUID}},
	})
}

func resubmits() []variant {
	return variantsOf(func(
		ctx context.Context, s Side, name string, edit func(*workflow.ResubmitOptions),
	) (string, error) {
		opts := workflow.ResubmitOptions{Name: name + "-again"}
		edit(&opts)
		return summary(s.Client.Resubmit(ctx, name, opts))
	}, []way[func(*workflow.ResubmitOptions)]{
		{"", func(*workflow.ResubmitOptions) {}},
		{"with another parameter", func(o *workflow.ResubmitOptions) { o.Parameters = map[string]any{"message": "once more"} }},
		{"by key", func(o *workflow.ResubmitOptions) { o.IdempotencyKey = "key of " + o.Name }},
	})
}

func deletes() []variant {
	return variantsOf(func(ctx context.Context, s Side, name string, opts workflow.DeleteOptions) (string, error) {
		return "", s.Client.Delete(ctx, name, opts)
	}, []way[workflow.DeleteOptions]{
		{"", workflow.DeleteOptions{}},
		{"and wait until it is gone", workflow.DeleteOptions{Wait: true}},
		{"in the background", workflow.DeleteOptions{Propagation: metav1.DeletePropagationBackground}},
		{"another workflow of that name", workflow.DeleteOptions{UID: wrongUID}},
		{"with an invalid propagation policy", workflow.DeleteOptions{Propagation: "Sideways"}},
	})
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
