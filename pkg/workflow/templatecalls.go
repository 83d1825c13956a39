package workflow

import (
	"context"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// templateCalls are the templates of others that a template calls by templateRef.
type templateCalls struct {
	refs    []status.TemplateRef
	unclear bool // whose they are is not said, or computed, or there are more than are read
}

// within adds those of a value of an unstructured object.
func (c *templateCalls) within(value any) {
	switch v := value.(type) {
	case []any:
		for _, item := range v {
			c.within(item)
		}
	case map[string]any:
		if ref, calls := v["templateRef"]; calls {
			c.add(ref)
		}
		for _, item := range v {
			c.within(item)
		}
	}
}

func (c *templateCalls) add(value any) {
	fields, _ := value.(map[string]any)
	ref := calledRef(fields)
	switch {
	case slices.Contains(c.refs, ref):
	case len(c.refs) > mostCalled, len(subdomainProblems(nil, ref.Name)) > 0:
		c.unclear = true
	default:
		c.refs = append(c.refs, ref)
	}
}

// calledRef is whose template a templateRef calls.
func calledRef(fields map[string]any) status.TemplateRef {
	name, _, _ := unstructured.NestedString(fields, "name")
	clusterScope, _, _ := unstructured.NestedBool(fields, "clusterScope")
	return status.TemplateRef{Name: name, ClusterScope: clusterScope}
}

// calledTemplates are the templates of others that may run with a workflow.
type calledTemplates struct {
	read    map[status.TemplateRef]*template
	unclear bool // there are further ones
}

// mayRead reports whether one of them reads that parameter of the workflow, or may.
func (c calledTemplates) mayRead(name string) bool {
	reads := func(t *template) bool { return t.reads.has(name) }
	return c.unclear || slices.ContainsFunc(slices.Collect(maps.Values(c.read)), reads)
}

// mostCalled bounds the requests of one start.
const mostCalled = 16

// calledBy reads the templates of others that calls names, and those that they call. fresh: also those
// that were read a short time ago.
func (c *WorkflowClient) calledBy(ctx context.Context, p *pace.Pacer, calls templateCalls, fresh bool) calledTemplates {
	seen := map[status.TemplateRef]bool{}
	called := calledTemplates{read: map[status.TemplateRef]*template{}}
	for {
		if calls.unclear || len(seen) > mostCalled {
			return calledTemplates{unclear: true}
		}
		next := slices.IndexFunc(calls.refs, func(ref status.TemplateRef) bool { return !seen[ref] })
		if next < 0 {
			return called
		}
		ref := calls.refs[next]
		seen[ref] = true
		other := c.known.get(ref)
		if other == nil || fresh {
			var err error
			if other, err = c.readTemplate(ctx, p, ref); err != nil { // it is the controller that needs it
				return calledTemplates{unclear: true}
			}
		}
		called.read[ref] = other
		calls = templateCalls{refs: slices.Concat(calls.refs, other.calls.refs), unclear: other.calls.unclear}
	}
}
