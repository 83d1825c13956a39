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

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// checkTemplate checks the draft and the request's arguments against the template that the workflow
// starts from: the one that it refers to, or else its own spec. It returns the arguments to send:
// the required ones and the optional ones that are known, or all if the check is skipped.
func (c *WorkflowClient) checkTemplate(ctx context.Context, s *submission) (map[string]string, field.ErrorList, error) {
	if s.req.SkipTemplateCheck {
		return s.args.All(), nil, nil
	}
	fields := s.draft.spec()
	check := func(t *spec.Template, fresh bool) (map[string]string, field.ErrorList) {
		return t.Bind(fields).Check(s.args, s.req.AllowUnknownParameters, c.lookup(ctx, s.pacer, fresh))
	}
	ref := spec.Ref(fields)
	if ref.Name == "" {
		send, problems := check(spec.NewTemplate(s.draft.subject, fields), true)
		return send, problems, nil
	}
	if known := c.known.get(ref); known != nil {
		// The template may have changed since, so arguments that it refuses or does not know are
		// checked again.
		if send, problems := check(known, false); len(problems) == 0 && len(send) == len(s.args.All()) {
			return send, nil, nil
		}
	}
	t, err := c.readTemplate(ctx, s.pacer, ref)
	if apierrors.IsForbidden(err) {
		return s.args.All(), nil, nil // the controller will check
	}
	if err != nil {
		return nil, nil, c.missingSource(ctx, s.pacer, c.templateSource(ref), ref.Name, err)
	}
	send, problems := check(t, true)
	return send, problems, nil
}

// lookup returns a function that reads templates that another one calls. If fresh, it reads those
// too that are still in the cache.
func (c *WorkflowClient) lookup(ctx context.Context, p *pace.Pacer, fresh bool) spec.Lookup {
	return func(ref status.TemplateRef) *spec.Template {
		if known := c.known.get(ref); known != nil && !fresh {
			return known
		}
		t, err := c.readTemplate(ctx, p, ref)
		if err != nil {
			return nil // not an error, since only the controller has to read it
		}
		return t
	}
}

func (c *WorkflowClient) readTemplate(ctx context.Context, p *pace.Pacer, ref status.TemplateRef) (*spec.Template, error) {
	obj, err := c.templateSource(ref).get(ctx, p, ref.Name)
	if err != nil {
		c.known.forget(ref)
		return nil, err
	}
	t := spec.TemplateOf(ref.Name, obj)
	c.known.put(ref, t)
	return t, nil
}

// startSource is a kind of object that a workflow can be started from.
type startSource struct {
	objects   dynamic.ResourceInterface
	kind      string // in lower case; its plural has an s
	namespace string // "" if it is cluster-scoped
}

func (c *WorkflowClient) templateSource(ref status.TemplateRef) startSource {
	if ref.ClusterScope {
		return startSource{c.clusterTemplates, "clusterworkflowtemplate", ""}
	}
	return startSource{c.templates, "workflowtemplate", c.namespace}
}

func (s startSource) get(ctx context.Context, p *pace.Pacer, name string) (*unstructured.Unstructured, error) {
	return pace.Do(ctx, p, func() (*unstructured.Unstructured, error) { return s.objects.Get(ctx, name, metav1.GetOptions{}) })
}

// missingSource returns the error of a start that failed with err when it read its source. If the
// source does not exist, the error is [ErrTemplateNotFound] and names those that do, or
// [ErrNotFound] if the namespace does not exist.
func (c *WorkflowClient) missingSource(ctx context.Context, p *pace.Pacer, from startSource, name string, err error) error {
	if !notFound(err) {
		return err
	}
	// The names are only a hint: without permission to list, the error leaves them out.
	hint := ""
	page, listErr := c.metadata.ListMetadata(ctx, from.kind+"s", from.namespace, metav1.ListOptions{Limit: 500})
	if listErr == nil {
		var names []string
		for i := range page.Items {
			names = append(names, page.Items[i].Name)
		}
		hint = spec.Choices(name, names)
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

// missingNamespace returns the API server's error if the client's namespace does not exist, and nil
// if it exists or this is unknown. A caller that may not read namespaces finds out only by a write,
// since a namespace that does not exist reads like an empty one.
func (c *WorkflowClient) missingNamespace(ctx context.Context, p *pace.Pacer) error {
	_, err := pace.Do(ctx, p, func() (*unstructured.Unstructured, error) {
		d := newDraft("", "", map[string]any{})
		d.obj.SetName("namespace-check")
		created, err := c.workflows.Create(ctx, d.obj, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
		if fault.QuotaExceeded(err) { // the namespace has a quota, so it exists
			return nil, nil
		}
		return created, err
	})
	// The details of the status are missing if it comes from kubectl.
	if !notFound(err) || !strings.Contains(err.Error(), fmt.Sprintf("namespaces %q not found", c.namespace)) {
		return nil
	}
	return err
}

// knownTemplates is a cache of templates. It saves a request for each further start from the same
// template.
type knownTemplates struct {
	maxAge time.Duration // 0 or less disables the cache

	mu   sync.Mutex
	read map[status.TemplateRef]knownTemplate
}

type knownTemplate struct {
	*spec.Template
	at time.Time
}

// mostKnown is the maximum number of templates in the cache. Few services start from more.
const mostKnown = 64

func (k *knownTemplates) get(ref status.TemplateRef) *spec.Template {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.read[ref]; ok && time.Since(known.at) < k.maxAge {
		return known.Template
	}
	return nil
}

func (k *knownTemplates) put(ref status.TemplateRef, t *spec.Template) {
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
		k.read[ref] = knownTemplate{Template: t, at: time.Now()}
	}
}

func (k *knownTemplates) forget(ref status.TemplateRef) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.read, ref)
}
