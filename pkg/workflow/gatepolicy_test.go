package workflow

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// ruleOf returns the rule of policies for namespace ma.
func ruleOf(t *testing.T, policies ...GatePolicy) status.GateRule {
	t.Helper()
	read, problems := readGatePolicies(field.NewPath("gatePolicies"), policies)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return gateRule(read, "ma")
}

func TestGatePolicies(t *testing.T) {
	const unknown = status.UnresolvedTag
	manifest := func(name string) string {
		return "apiVersion: migrations.opensearch.org/v1alpha1\nkind: ApprovalGate\nmetadata: {" + name + "}"
	}
	named := status.Inputs{Parameters: []status.Parameter{{Name: "resourceName", Value: "given", Set: true}}}
	other := ApprovalGates()
	other.Templates, other.NameParameter, other.NamedByObject = []string{"wait-*"}, "", false
	for name, tc := range map[string]struct {
		polled status.PolledResource
		policy GatePolicy
		want   string
	}{
		"a gate":            {status.PolledResource{Manifest: manifest("name: one")}, ApprovalGates(), "ApprovalGate one as one"},
		"in its namespace":  {status.PolledResource{Manifest: manifest("name: one, namespace: ma")}, ApprovalGates(), "ApprovalGate one as one"},
		"another namespace": {status.PolledResource{Manifest: manifest("name: one, namespace: kube-system")}, ApprovalGates(), "ApprovalGate (it is in namespace kube-system, and this client is for ma)"},
		"a namespace that is not known": {
			status.PolledResource{Manifest: manifest("name: one, namespace: " + unknown)}, ApprovalGates(), "ApprovalGate (its manifest takes the namespace from an expression, which only Argo evaluates)",
		},
		"another version":     {status.PolledResource{Manifest: strings.Replace(manifest("name: one"), "v1alpha1", "v2", 1)}, ApprovalGates(), "ApprovalGate one as one"},
		"another group":       {status.PolledResource{Manifest: strings.Replace(manifest("name: one"), "migrations.", "", 1)}, ApprovalGates(), ""},
		"another kind":        {status.PolledResource{Manifest: strings.Replace(manifest("name: one"), "ApprovalGate", "KafkaTopic", 1)}, ApprovalGates(), ""},
		"a kind not known":    {status.PolledResource{Manifest: strings.Replace(manifest("name: one"), "ApprovalGate", unknown, 1)}, ApprovalGates(), ""},
		"an expression":       {status.PolledResource{Manifest: manifest(`name: "` + unknown + `"`), Inputs: named}, ApprovalGates(), "ApprovalGate given as given"},
		"a name of its own":   {status.PolledResource{Manifest: manifest("name: one"), Inputs: named}, ApprovalGates(), "ApprovalGate one as one"},
		"no such input":       {status.PolledResource{Manifest: manifest("name: a-" + unknown)}, ApprovalGates(), "ApprovalGate (its manifest takes the name from an expression, which only Argo evaluates; GatePolicy.NameParameter can say which input has it)"},
		"a part of the name":  {status.PolledResource{Manifest: manifest("name: a-" + unknown + "-b"), Inputs: named}, ApprovalGates(), "ApprovalGate (its manifest takes the name from an expression, which only Argo evaluates; GatePolicy.NameParameter can say which input has it)"},
		"all of the name":     {status.PolledResource{Manifest: manifest("name: g" + unknown + "v" + unknown + "n"), Inputs: named}, ApprovalGates(), "ApprovalGate given as given"},
		"no name":             {status.PolledResource{Manifest: manifest("generateName: a-")}, ApprovalGates(), "ApprovalGate (its manifest has no name)"},
		"a name of a path":    {status.PolledResource{Manifest: manifest("name: ../pods/a")}, ApprovalGates(), "ApprovalGate (the name ../pods/a is not one that an object can have)"},
		"two documents":       {status.PolledResource{Manifest: manifest("name: one") + "\n---\n" + manifest("name: two")}, ApprovalGates(), ""},
		"aliases":             {status.PolledResource{Manifest: "a: &a [x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n" + manifest("name: one")}, ApprovalGates(), ""},
		"aliases, by name":    {status.PolledResource{Template: "wait-for", Manifest: "a: &a x\nb: *a\n" + manifest("name: one")}, other, "ApprovalGate (its manifest cannot be read, has YAML aliases, or takes the kind from an expression)"},
		"no YAML":             {status.PolledResource{Manifest: "{"}, ApprovalGates(), ""},
		"left out":            {status.PolledResource{LeftOut: true}, ApprovalGates(), ""},
		"a template by name":  {status.PolledResource{Template: "wait-for", Manifest: manifest("name: one")}, other, "ApprovalGate one"},
		"another template":    {status.PolledResource{Template: "check", Manifest: manifest("name: one")}, other, ""},
		"inline":              {status.PolledResource{Manifest: manifest("name: one")}, other, ""},
		"too large, by name":  {status.PolledResource{Template: "wait-for", LeftOut: true}, other, "ApprovalGate (its manifest, or those of the workflow's steps together, are too large)"},
		"unreadable, by name": {status.PolledResource{Template: "wait-for", Manifest: "{"}, other, "ApprovalGate (its manifest cannot be read, has YAML aliases, or takes the kind from an expression)"},
	} {
		if !tc.polled.LeftOut {
			tc.polled.SuccessCondition = "status.phase == Approved"
		}
		got := ""
		if o := ruleOf(t, tc.policy)(tc.polled); o != nil {
			if got = o.String(); o.GateName != "" {
				got += " as " + o.GateName
			}
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

func TestConditionsOfGates(t *testing.T) {
	for condition, want := range map[string]bool{
		"status.phase == Approved":                       true,
		"status.phase=Approved":                          true,
		"status.phase in (Approved, Error)":              true,
		"status.phase == Approved, spec.x == y":          true,
		"status.phase == " + status.UnresolvedTag:        true,
		"status.phase":                                   false, // is met before
		"status.phase != Pending":                        false,
		"status.phase notin (Pending,Created)":           false,
		"status.phase in (Approved, Pending)":            false,
		"status.phase in (Approved,)":                    false, // is met by an empty value
		"status.phase == Ready":                          false,
		"status.other == Approved":                       false,
		"!status.phase":                                  false,
		"status.phase == Approved Error":                 false,
		"status.conditions.0.type == Approved":           false,
		strings.Repeat("status.phase == Approved,", 500): false,
	} {
		o := ruleOf(t, ApprovalGates())(status.PolledResource{
			Manifest: "{apiVersion: migrations.opensearch.org/v1, kind: ApprovalGate, metadata: {name: a}}", SuccessCondition: condition,
		})
		if got := o != nil; got != want {
			t.Errorf("%.60s: %t", condition, got)
		}
	}
}

// The first policy that applies counts.
func TestGatePoliciesInOrder(t *testing.T) {
	first := ApprovalGates()
	first.Templates = []string{"special"}
	rule := ruleOf(t, first, ApprovalGates())
	for template, want := range map[string]int{"special": 0, "other": 1} {
		o := rule(status.PolledResource{
			Template: template, SuccessCondition: "status.phase == Approved",
			Manifest: "{apiVersion: migrations.opensearch.org/v1, kind: ApprovalGate, metadata: {name: a}}",
		})
		if o == nil || o.Rule != want {
			t.Errorf("%s: %+v", template, o)
		}
	}
}

func TestInvalidGatePolicies(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*GatePolicy)
		want   string
	}{
		"no group":       {func(p *GatePolicy) { p.Group = "" }, "group: Required"},
		"a path":         {func(p *GatePolicy) { p.Group = "a/b" }, "group: Invalid"},
		"no version":     {func(p *GatePolicy) { p.Version = "" }, "version: Required"},
		"a resource":     {func(p *GatePolicy) { p.Resource = "a/status" }, "resource: Invalid"},
		"a kind":         {func(p *GatePolicy) { p.Kind = "approval gate" }, "kind: Invalid"},
		"no field":       {func(p *GatePolicy) { p.Field = "" }, "field: Required"},
		"metadata":       {func(p *GatePolicy) { p.Field = "metadata.name" }, "field: Invalid"},
		"a list":         {func(p *GatePolicy) { p.Field = "status.conditions.0.type" }, "field: Invalid"},
		"spec":           {func(p *GatePolicy) { p.Field = "spec.phase" }, "must be within status"},
		"status itself":  {func(p *GatePolicy) { p.Field = "status" }, "must be within status"},
		"no value":       {func(p *GatePolicy) { p.Approved = "" }, "approved: Required"},
		"no label value": {func(p *GatePolicy) { p.Approved = "is approved" }, "approved: Invalid"},
		"equal values":   {func(p *GatePolicy) { p.Rejected = "Approved" }, "rejected: Invalid"},
		"both":           {func(p *GatePolicy) { p.Undecided = []string{"", "Approved"} }, "undecided[1]: Invalid"},
		"a pattern":      {func(p *GatePolicy) { p.Templates = []string{"[a"} }, "templates[0]: Invalid"},
		"empty patterns": {func(p *GatePolicy) { p.Templates = []string{} }, "templates: Required"},
	} {
		p := ApprovalGates()
		tc.change(&p)
		_, problems := readGatePolicies(field.NewPath("gatePolicies"), []GatePolicy{p})
		if len(problems) != 1 || !strings.Contains(problems[0].Error(), tc.want) {
			t.Errorf("%s: %v", name, problems)
		}
		_, err := NewForConfig(&rest.Config{Host: "http://script"}, Options{GatePolicies: []GatePolicy{p}})
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "options.gatePolicies[0].") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The permissions for gate objects are those of the client's policies.
func TestRequirementsKnowPolicies(t *testing.T) {
	own := ApprovalGates()
	own.Rejected = "Error"
	plain := scripted(t, func(*http.Request) (any, error) { return nil, nil })
	with := scriptedWith(t, Options{GatePolicies: []GatePolicy{ApprovalGates()}}, nil)
	both := scriptedWith(t, Options{GatePolicies: []GatePolicy{own}}, nil)
	kubectl := scriptedWith(t, Options{GatePolicies: []GatePolicy{ApprovalGates()}}, nil)
	kubectl.backend = BackendKubectl
	const gates = "get approvalgates.migrations.opensearch.org, patch approvalgates.migrations.opensearch.org, patch approvalgates.migrations.opensearch.org/status"
	for name, tc := range map[string]struct {
		client *WorkflowClient
		op     Op
		want   string
	}{
		"no policy":          {plain, OpApprove, ""},
		"an approval":        {with, OpApprove, gates},
		"no rejections":      {with, OpReject, ""},
		"a rejection":        {both, OpReject, gates},
		"another operation":  {both, OpResume, ""},
		"kubectl reads, too": {kubectl, OpApprove, gates + ", get approvalgates.migrations.opensearch.org/status"},
	} {
		all := tc.client.Requirements(tc.op)
		var more []string
		for _, n := range all[len(Requirements(tc.op)):] {
			more = append(more, n.String())
			if n.Optional || n.OnRequest || n.Part != "ApprovalGate objects" {
				t.Errorf("%s: %+v", name, n)
			}
		}
		if got := strings.Join(more, ", "); got != tc.want {
			t.Errorf("%s: %s", name, got)
		}
	}
}
