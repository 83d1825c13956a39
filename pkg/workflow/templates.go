package workflow

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/expression"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// checkTemplate checks the spec of a workflow that is to be started, and further arguments,
// against the template it starts from: the one it refers to, or the spec itself, which what
// names. It returns the arguments to send: of the optional ones, those that are known, or all
// where there is no check.
func (c *WorkflowClient) checkTemplate(
	ctx context.Context, p *pace.Pacer, what string, spec map[string]any, args arguments, req StartRequest,
) (map[string]string, field.ErrorList, error) {
	all := overlaid(args.required, args.optional)
	if req.SkipTemplateCheck {
		return all, nil, nil
	}
	check := func(t *template, fresh bool) (map[string]string, field.ErrorList) {
		u := t.use(spec, req.AllowUnknownParameters)
		for _, text := range all {
			if expression.In(text) { // so it is meant
				u.ownReads.read(text, false)
			}
		}
		judged := args.required
		if u.allowUnknown {
			judged = nil
		}
		if !u.opaque && u.unknown(judged, args.optional) { // reading what it calls is spared, if it can be
			u.called = c.calledBy(ctx, p, u.allCalls(), fresh)
		}
		texts := overlaid(args.required, nil)
		for name, text := range args.optional {
			if u.opaque || u.knows(name) {
				texts[name] = text
			}
		}
		return texts, u.problems(texts, args.faulty...)
	}
	ref := templateRefOf(spec)
	if ref.Name == "" {
		own := newTemplate(what, spec)
		own.unfit = nil // was looked for where the spec comes from
		texts, problems := check(own, true)
		return texts, problems, nil
	}
	if known := c.known.get(ref); known != nil {
		// What an older reading refuses, or doesn't know, a newer one may.
		if texts, problems := check(known, false); len(problems) == 0 && len(texts) == len(all) {
			return texts, nil, nil
		}
	}
	t, err := c.readTemplate(ctx, p, ref)
	if apierrors.IsForbidden(err) {
		return all, nil, nil // the controller will check
	}
	if err != nil {
		return nil, nil, c.missingSource(ctx, p, c.templateSource(ref), ref.Name, err)
	}
	texts, problems := check(t, true)
	return texts, problems, nil
}

func templateRefOf(spec map[string]any) status.TemplateRef {
	fields, _, _ := unstructured.NestedMap(spec, "workflowTemplateRef")
	name, _ := fields["name"].(string)
	clusterScope, _ := fields["clusterScope"].(bool)
	return status.TemplateRef{Name: name, ClusterScope: clusterScope}
}

func (c *WorkflowClient) readTemplate(ctx context.Context, p *pace.Pacer, ref status.TemplateRef) (*template, error) {
	obj, err := c.templateSource(ref).get(ctx, p, ref.Name)
	if err != nil {
		c.known.forget(ref)
		return nil, err
	}
	spec, _, _ := unstructured.NestedMap(obj.Object, "spec")
	t := newTemplate(fmt.Sprintf("template %q", ref.Name), spec)
	t.unfit = append(t.unfit, typeProblems(field.NewPath("template", "spec"), "WorkflowSpec", obj.Object["spec"])...)
	c.known.put(ref, t)
	return t, nil
}

// source is a kind of object that a workflow can be made from.
type source struct {
	objects   dynamic.ResourceInterface
	kind      string // in lower case; its plural has an s
	namespace string // "" for one of the whole cluster
}

func (c *WorkflowClient) templateSource(ref status.TemplateRef) source {
	if ref.ClusterScope {
		return source{c.clusterTemplates, "clusterworkflowtemplate", ""}
	}
	return source{c.templates, "workflowtemplate", c.namespace}
}

func (s source) get(ctx context.Context, p *pace.Pacer, name string) (*unstructured.Unstructured, error) {
	return pace.Do(ctx, p, func() (*unstructured.Unstructured, error) { return s.objects.Get(ctx, name, metav1.GetOptions{}) })
}

// missingSource is the error of a start for err, which reading what it starts from has failed with. If
// that is not there, it is [ErrTemplateNotFound] and names those that are, or [ErrNotFound] if
// the namespace is not there.
func (c *WorkflowClient) missingSource(ctx context.Context, p *pace.Pacer, from source, name string, err error) error {
	if !notFound(err) {
		return err
	}
	// A help for the reader only: without permission to list, the text just says less.
	hint := ""
	page, listErr := c.metadata.listMetadata(ctx, from.kind+"s", from.namespace, metav1.ListOptions{Limit: 500})
	if listErr == nil {
		var names []string
		for i := range page.Items {
			names = append(names, page.Items[i].Name)
		}
		hint = choices(name, names)
	}
	where := ""
	if from.namespace != "" {
		if listErr != nil || len(page.Items) == 0 {
			if missing := c.missingNamespace(ctx, p); missing != nil {
				return missing
			}
		}
		where = fmt.Sprintf(" in namespace %q", from.namespace)
	}
	return fmt.Errorf("%w: %s %q%s%s: %w", ErrTemplateNotFound, from.kind, name, where, hint, err)
}

// missingNamespace is the API server's error if the client's namespace is not there; nil if it is,
// or it cannot be told. Only a write shows it to who may not read namespaces: reading what is in
// one that is not there is answered as in an empty one.
func (c *WorkflowClient) missingNamespace(ctx context.Context, p *pace.Pacer) error {
	_, err := pace.Do(ctx, p, func() (*unstructured.Unstructured, error) {
		d := newDraft("", "", map[string]any{})
		d.obj.SetName("namespace-check")
		return c.workflows.Create(ctx, d.obj, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	})
	// The answer's details are not there where it has come by kubectl.
	if !notFound(err) || !strings.Contains(err.Error(), fmt.Sprintf("namespaces %q not found", c.namespace)) {
		return nil
	}
	return err
}

// knownTemplates remembers templates for a short time, so that many starts from the same one
// cost one request each, not two.
type knownTemplates struct {
	maxAge time.Duration // not above 0: nothing is remembered

	mu   sync.Mutex
	read map[status.TemplateRef]knownTemplate
}

type knownTemplate struct {
	*template
	at time.Time
}

// mostKnown bounds the memory; hardly a service starts from more templates.
const mostKnown = 64

func (k *knownTemplates) get(ref status.TemplateRef) *template {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.read[ref]; ok && time.Since(known.at) < k.maxAge {
		return known.template
	}
	return nil
}

func (k *knownTemplates) put(ref status.TemplateRef, t *template) {
	if k.maxAge <= 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.read == nil {
		k.read = make(map[status.TemplateRef]knownTemplate)
	}
	maps.DeleteFunc(k.read, func(_ status.TemplateRef, known knownTemplate) bool {
		return time.Since(known.at) >= k.maxAge
	})
	if len(k.read) < mostKnown {
		k.read[ref] = knownTemplate{template: t, at: time.Now()}
	}
}

func (k *knownTemplates) forget(ref status.TemplateRef) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.read, ref)
}
