package spec

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Lookup returns the template of the cluster that a reference names, or nil if it cannot be read.
type Lookup func(ref status.TemplateRef) *Template

// maxLookups bounds how many templates of the cluster one check looks up.
const maxLookups = 16

// templateCalls are the templates of the cluster that a spec calls by templateRef.
type templateCalls struct {
	refs    []status.TemplateRef
	unclear bool // a reference is incomplete or computed, or there are too many
}

// addFrom adds the calls in a value of an unstructured object.
func (c *templateCalls) addFrom(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			c.addFrom(item)
		}
	case map[string]any:
		if ref, calls := v["templateRef"]; calls {
			c.add(ref)
		}
		for _, item := range v {
			c.addFrom(item)
		}
	}
}

func (c *templateCalls) add(value any) {
	fields, _ := value.(map[string]any)
	ref := calledRef(fields)
	switch {
	case slices.Contains(c.refs, ref):
	case len(c.refs) > maxLookups, len(SubdomainProblems(nil, ref.Name)) > 0:
		c.unclear = true
	default:
		c.refs = append(c.refs, ref)
	}
}

// with returns the calls of both.
func (c templateCalls) with(other templateCalls) templateCalls {
	return templateCalls{refs: slices.Concat(c.refs, other.refs), unclear: c.unclear || other.unclear}
}

// calledRef returns the reference to the template that a templateRef calls a part of.
func calledRef(fields map[string]any) status.TemplateRef {
	name, _, _ := unstructured.NestedString(fields, "name")
	clusterScope, _, _ := unstructured.NestedBool(fields, "clusterScope")
	return status.TemplateRef{Name: name, ClusterScope: clusterScope}
}

// calledTemplates are the templates of the cluster that may run within a workflow.
type calledTemplates struct {
	byRef   map[status.TemplateRef]*Template
	unclear bool // there are others
}

// lookUp looks up the called templates, and those that they call.
func (c templateCalls) lookUp(lookup Lookup) calledTemplates {
	called := calledTemplates{byRef: map[status.TemplateRef]*Template{}}
	for {
		if c.unclear || len(called.byRef) > maxLookups {
			return calledTemplates{unclear: true}
		}
		next := slices.IndexFunc(c.refs, func(ref status.TemplateRef) bool { return called.byRef[ref] == nil })
		if next < 0 {
			return called
		}
		ref := c.refs[next]
		template := lookup(ref)
		if template == nil {
			return calledTemplates{unclear: true}
		}
		called.byRef[ref] = template
		c = c.with(template.calls)
	}
}

// mayRead reports whether one of the templates reads that parameter of the workflow, or may read it.
func (c calledTemplates) mayRead(name string) bool {
	for _, template := range c.byRef {
		if template.reads.has(name) {
			return true
		}
	}
	return c.unclear
}
