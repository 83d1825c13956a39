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

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// checkTemplate checks the draft and the request's arguments against the template that it starts
// from: the one that it refers to, or its own spec. It returns the arguments to send: the required
// ones and the optional ones that are known, or all without a check.
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
		// The template may have changed since, so what it refuses or does not know is checked again.
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

// lookup reads templates that another one calls. If fresh, it also reads those that were read a
// short time ago.
func (c *WorkflowClient) lookup(ctx context.Context, p *pace.Pacer, fresh bool) spec.Lookup {
	return func(ref status.TemplateRef) *spec.Template {
		if known := c.known.get(ref); known != nil && !fresh {
			return known
		}
		t, err := c.readTemplate(ctx, p, ref)
		if err != nil {
			return nil // only the controller needs it
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
	namespace string // "" for one of the whole cluster
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

// missingSource returns the error of a start for err, with which reading what it starts from has
// failed. If that does not exist, the error is [ErrTemplateNotFound] and names those that do, or
// [ErrNotFound] if the namespace does not exist.
func (c *WorkflowClient) missingSource(ctx context.Context, p *pace.Pacer, from startSource, name string, err error) error {
	if !notFound(err) {
		return err
	}
	// The names only help the reader: without permission to list, the error just says less.
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

// missingNamespace returns the API server's error if the client's namespace does not exist. It
// returns nil if that exists or is unknown. To callers that may not read namespaces only a write
// shows it: a namespace that does not exist reads like an empty one.
func (c *WorkflowClient) missingNamespace(ctx context.Context, p *pace.Pacer) error {
	_, err := pace.Do(ctx, p, func() (*unstructured.Unstructured, error) {
		d := newDraft("", "", map[string]any{})
		d.obj.SetName("namespace-check")
		return c.workflows.Create(ctx, d.obj, metav1.CreateOptions{DryRun: []string{metav1.DryRunAll}})
	})
	// The details of the status are missing if it comes from kubectl.
	if !notFound(err) || !strings.Contains(err.Error(), fmt.Sprintf("namespaces %q not found", c.namespace)) {
		return nil
	}
	return err
}

// knownTemplates is a cache of templates. With it, many starts from the same template take one
// request each, not two.
type knownTemplates struct {
	maxAge time.Duration // the cache is empty if it is not above 0

	mu   sync.Mutex
	read map[status.TemplateRef]knownTemplate
}

type knownTemplate struct {
	*spec.Template
	at time.Time
}

// mostKnown bounds the memory. Hardly any service starts from more templates.
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
