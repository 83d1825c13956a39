package workflow

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/manifest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/nodeselection"
)

// GatePolicy makes gates of the steps that wait for a field of an object: their template is a resource
// template with the action get, a manifest of such an object, and a successCondition that the Approved
// value of Field meets. A decision about such a gate is written to the object. [ApprovalGates] is the
// policy of opensearch-migrations.
//
// A step that has a retryStrategy is one gate, the Retry node, also while it waits for its next attempt.
// The object has to be in the client's namespace.
//
// The name of the object comes from the manifest. The client puts in the values of the tags of input
// parameters, of the workflow's parameters and of workflow.name, workflow.namespace and workflow.uid, as
// Argo does, but evaluates no expression. If the name contains one, it comes from NameParameter. If it
// remains unknown, the gate is listed, but cannot be decided: [status.GateObject] has the problem, and a
// decision about it fails with a [*GateObjectError]. A manifest with YAML aliases is not read.
type GatePolicy struct {
	// Group, Version, Resource and Kind are those of the objects, e.g. "example.org", "v1", "approvals",
	// "Approval". The version in a manifest does not matter.
	Group, Version, Resource, Kind string
	// Templates limits the policy to templates with these names, or that match these shell patterns, as in
	// [Decision].Gates. Nil allows any template.
	Templates []string
	// NameParameter is the input parameter of the step that has the name of the object if the manifest
	// takes that, or a part of it, from an expression. A value that does not begin and end as the name in the
	// manifest does is not used. Empty means none.
	NameParameter string
	// NamedByObject makes the name of the object the name of the gate, by which decisions and [AtGate]
	// select it. By default the name is the display name of the node.
	NamedByObject bool
	// Field is the path of the field that says how the gate was decided, e.g. "status.phase".
	Field string
	// Approved and Rejected are its values for the two decisions. Approved has the form of a label value, since
	// a successCondition can contain no other. If Rejected is empty, the gates cannot be rejected: a Reject is
	// [ErrUnsupported]. A rejected step fails only if its template says so, e.g. by a failureCondition and a
	// retryStrategy that ends.
	Approved, Rejected string
	// Undecided are its values before a decision. A field that is missing or empty is undecided, too. With
	// any other value the gate was decided otherwise.
	Undecided []string
	// StatusSubresource says that the resource has a status subresource, through which Field is written.
	StatusSubresource bool
}

// ApprovalGates returns the policy for the ApprovalGate objects of opensearch-migrations, for which its
// workflows wait in the template waitforuserapproval. Gates have the names of their objects, such as
// "evaluatemetadata.source-target-snap1", and cannot be rejected: Stop the workflow.
func ApprovalGates() GatePolicy {
	return GatePolicy{
		Group: "migrations.opensearch.org", Version: "v1alpha1", Resource: "approvalgates", Kind: "ApprovalGate",
		NameParameter: "resourceName", NamedByObject: true,
		Field: "status.phase", Approved: "Approved", Undecided: []string{"Created", "Initialized", "Pending"},
		StatusSubresource: true,
	}
}

// Requirements returns the permissions that an operation requires for gates of this policy, beside those
// of the function [Requirements].
func (p GatePolicy) Requirements(op Op) []Requirement {
	if op != OpApprove && (op != OpReject || p.Rejected == "") {
		return nil
	}
	part := p.Kind + " objects"
	all := requirementsOn(p.Group, p.Resource, []string{"get", "patch"})
	if p.StatusSubresource {
		patch := requirementsOn(p.Group, p.Resource, []string{"patch"})
		patch[0].Subresource = "status"
		all = append(all, patch...)
	}
	return all.only(part)
}

// gatePolicy is a GatePolicy, ready for use.
type gatePolicy struct {
	GatePolicy

	templates []nodeselection.Name
	path      []string // of Field
	objects   dynamic.ResourceInterface
}

// readGatePolicies checks the policies of a client.
func readGatePolicies(path *field.Path, policies []GatePolicy) (read []*gatePolicy, problems field.ErrorList) {
	for i, p := range policies {
		at := path.Index(i)
		own := &gatePolicy{GatePolicy: p, path: strings.Split(p.Field, ".")}
		own.Undecided = slices.Clone(p.Undecided) // the caller may change its own
		problems = append(problems, p.problems(at)...)
		var ofTemplates field.ErrorList
		if own.templates, ofTemplates = nodeselection.ParseNames(at.Child("templates"), p.Templates); len(ofTemplates) > 0 {
			problems = append(problems, ofTemplates...)
		}
		read = append(read, own)
	}
	return read, problems
}

func (p GatePolicy) problems(at *field.Path) (problems field.ErrorList) {
	check := func(name, value, must string, valid bool) {
		switch path := at.Child(name); {
		case value == "":
			problems = append(problems, field.Required(path, must))
		case !valid:
			problems = append(problems, field.Invalid(path, value, must))
		}
	}
	label := func(value string) bool { return len(validation.IsDNS1035Label(value)) == 0 }
	check("group", p.Group, "an API group such as example.org", len(validation.IsDNS1123Subdomain(p.Group)) == 0)
	check("version", p.Version, "a version such as v1", label(p.Version))
	check("resource", p.Resource, "the plural in small letters, such as approvals", label(p.Resource))
	check("kind", p.Kind, "a kind such as Approval", regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`).MatchString(p.Kind))
	root, _, _ := strings.Cut(p.Field, ".")
	isPath := regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*(\.[A-Za-z][A-Za-z0-9_-]*)*$`).MatchString(p.Field) &&
		len(validation.IsQualifiedName(p.Field)) == 0 && !slices.Contains([]string{"apiVersion", "kind", "metadata"}, root)
	check("field", p.Field, "the path of a field such as status.phase, and not of apiVersion, kind or metadata", isPath)
	if p.StatusSubresource && isPath && (root != "status" || p.Field == root) {
		problems = append(problems, field.Invalid(at.Child("field"), p.Field, "must be within status, since it is written through the status subresource"))
	}
	check("approved", p.Approved, "the value of the field for an approval: a label value, since a successCondition contains no others",
		len(validation.IsValidLabelValue(p.Approved)) == 0)
	if p.Rejected != "" && p.Rejected == p.Approved {
		problems = append(problems, field.Invalid(at.Child("rejected"), p.Rejected, "must differ from approved"))
	}
	for i, value := range p.Undecided {
		if value == p.Approved || value == p.Rejected && value != "" {
			problems = append(problems, field.Invalid(at.Child("undecided").Index(i), value, "must differ from approved and rejected"))
		}
	}
	return problems
}

func (p *gatePolicy) resource() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: p.Group, Version: p.Version, Resource: p.Resource}
}

// gateRule returns the rule of the policies for a client of that namespace; nil if there are none.
func gateRule(policies []*gatePolicy, namespace string) status.GateRule {
	if len(policies) == 0 {
		return nil
	}
	return func(r status.PolledResource) *status.GateObject {
		var m *polledManifest
		for i, p := range policies {
			if !p.allows(r.Template) {
				continue
			}
			if m == nil { // the first one reads it for all
				m = readPolledManifest(r)
			}
			if o := p.gate(r, m, namespace); o != nil {
				o.Rule = i
				return o
			}
		}
		return nil
	}
}

// allows reports whether the policy is for templates of that name.
func (p *gatePolicy) allows(template string) bool {
	return p.Templates == nil || slices.ContainsFunc(p.templates, func(name nodeselection.Name) bool { return name.Matches(template) })
}

// polledManifest is what is read of the manifest of a step that polls an object. It is zero if the
// manifest cannot be read, or may have YAML aliases.
type polledManifest struct {
	group, kind, namespace, name string
}

func readPolledManifest(r status.PolledResource) *polledManifest {
	m := &polledManifest{}
	if r.LeftOut || mayHaveAliases(r.Manifest) {
		return m
	}
	object, err := manifest.Parse([]byte(r.Manifest))
	if err != nil {
		return m
	}
	gvk := schema.FromAPIVersionAndKind(object.GetAPIVersion(), object.GetKind())
	return &polledManifest{gvk.Group, gvk.Kind, object.GetNamespace(), object.GetName()}
}

// mayHaveAliases reports whether a manifest may have YAML aliases. A few bytes of them can take milliseconds to
// read, and every state of a workflow can have thousands of manifests.
func mayHaveAliases(manifest string) bool {
	return strings.Contains(manifest, "&") && strings.Contains(manifest, "*")
}

// known reports whether it is known of what kind the object is.
func (m *polledManifest) known() bool { return m.kind != "" && !unresolved(m.group+m.kind) }

func unresolved(text string) bool { return strings.Contains(text, status.UnresolvedTag) }

// gate returns the object of a gate of this policy, or nil. A step whose object is of a kind that is not
// known is a gate only if the policy names its template: a gate that is not shown would hold up the
// workflow unnoticed, but most other steps that poll are no gates.
func (p *gatePolicy) gate(r status.PolledResource, m *polledManifest, namespace string) *status.GateObject {
	switch {
	case !m.known() && p.Templates == nil,
		m.known() && (m.group != p.Group || m.kind != p.Kind),
		!r.LeftOut && !p.awaits(r.SuccessCondition):
		return nil
	}
	o := &status.GateObject{Group: p.Group, Version: p.Version, Kind: p.Kind, Namespace: namespace}
	name := m.name
	if given, ok := r.Inputs.Parameter(p.NameParameter); ok && (name == "" || unresolved(name)) && mayBe(name, given) {
		name = given
	}
	switch {
	case r.LeftOut:
		o.Problem = "its manifest, or those of the workflow's steps together, are too large"
	case !m.known():
		o.Problem = "its manifest cannot be read, has YAML aliases, or takes the kind from an expression"
	case unresolved(m.namespace):
		o.Problem = "its manifest takes the namespace from an expression, which only Argo evaluates"
	case m.namespace != "" && m.namespace != namespace:
		o.Problem = fmt.Sprintf("it is in namespace %s, and this client is for %s", shown.Name(m.namespace), namespace)
	case name == "":
		o.Problem = "its manifest has no name"
	case unresolved(name):
		o.Problem = "its manifest takes the name from an expression, which only Argo evaluates; GatePolicy.NameParameter can say which input has it"
	case len(validation.IsDNS1123Subdomain(name)) > 0:
		o.Problem = "the name " + shown.Name(name) + " is not one that an object can have"
	default:
		o.Name = name
		if p.NamedByObject {
			o.GateName = name
		}
	}
	return o
}

// mayBe reports whether a name that takes parts from expressions may be the given one. Another object must
// not be decided in its place.
func mayBe(name, given string) bool {
	parts := strings.Split(name, status.UnresolvedTag)
	before, after := parts[0], parts[len(parts)-1]
	return len(given) >= len(before)+len(after) && strings.HasPrefix(given, before) && strings.HasSuffix(given, after)
}

// awaits reports whether a condition can be met only once the field says that the gate is approved. The
// rest of the condition does not matter. What takes a part from an expression may await it.
func (p *gatePolicy) awaits(condition string) bool {
	if unresolved(condition) {
		return true
	}
	selector, err := labels.Parse(condition) // as Argo's executor does
	if err != nil {
		return false
	}
	requirements, _ := selector.Requirements()
	return slices.ContainsFunc(requirements, func(r labels.Requirement) bool {
		return r.Key() == p.Field && r.Matches(labels.Set{p.Field: p.Approved}) && !r.Matches(labels.Set{}) &&
			!r.Matches(labels.Set{p.Field: ""}) &&
			!slices.ContainsFunc(p.Undecided, func(value string) bool { return r.Matches(labels.Set{p.Field: value}) })
	})
}
