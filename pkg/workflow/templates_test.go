package workflow

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// reads answers every Get with the object that it points to.
type reads struct {
	dynamic.ResourceInterface
	obj   map[string]any
	count int
}

func answering(obj map[string]any) *reads { return &reads{obj: obj} }

func (r *reads) Get(context.Context, string, metav1.GetOptions, ...string) (*unstructured.Unstructured, error) {
	r.count++
	return (&unstructured.Unstructured{Object: r.obj}).DeepCopy(), nil
}

const declaring = "{spec: {entrypoint: main, templates: [{name: main}], arguments: {parameters: [{name: old, value: x}NEW]}}}"

func TestOptionalParametersAreNotDroppedForAnOldReading(t *testing.T) {
	before := fromYAML(t, strings.Replace(declaring, "NEW", "", 1))
	after := fromYAML(t, strings.Replace(declaring, "NEW", ", {name: new, value: x}", 1))
	templates := answering(before)
	c := &WorkflowClient{namespace: "ma", templates: templates, known: &knownTemplates{maxAge: time.Hour}}
	d := templateDraft(status.TemplateRef{Name: "t"})
	check := func(args spec.Arguments, req StartRequest, want string, reads int) {
		t.Helper()
		sent, problems, err := c.checkTemplate(context.Background(), &submission{req: req, pacer: c.pacer(), draft: d, args: args})
		if got := strings.Join(slices.Sorted(maps.Keys(sent)), " "); err != nil || len(problems) > 0 || got != want || templates.count != reads {
			t.Errorf("%q after %d reads: %v; want %q after %d", got, templates.count, err, want, reads)
		}
	}
	both := spec.Arguments{Required: map[string]string{"old": ""}, Optional: map[string]string{"new": ""}}
	check(both, StartRequest{}, "old", 1)
	check(spec.Arguments{Optional: map[string]string{"old": ""}}, StartRequest{}, "old", 1)
	templates.obj = after
	check(both, StartRequest{}, "new old", 2)
	check(both, StartRequest{}, "new old", 2)
	check(spec.Arguments{Required: map[string]string{"any": ""}, Optional: map[string]string{"more": ""}}, StartRequest{SkipTemplateCheck: true}, "any more", 2)
}

func TestSkippedCheckOfAManifest(t *testing.T) {
	c := &WorkflowClient{namespace: "ma"}
	d := newDraft("it", "t", fromYAML(t, "{arguments: {parameters: [{name: from-the-defaults}]}}"))
	if _, problems, _ := c.checkTemplate(context.Background(), &submission{pacer: c.pacer(), draft: d}); len(problems) == 0 {
		t.Error("a spec without an entrypoint passes the check")
	}
	_, problems, err := c.checkTemplate(context.Background(), &submission{req: StartRequest{SkipTemplateCheck: true}, pacer: c.pacer(), draft: d})
	if err != nil || len(problems) > 0 {
		t.Errorf("the check was not skipped: %v, %v", problems, err)
	}
}

// If no template has the name, the error lists those that exist. Whole templates can have a
// megabyte each, so only a small page of them is read.
func TestNamesOfTemplates(t *testing.T) {
	for _, way := range clients() {
		for _, req := range []StartRequest{{Template: "reindxe"}, {Template: "reindxe", ClusterScope: true}, {CronWorkflow: "reindxe"}} {
			var lists []*http.Request
			c := way.over(t, func(r *http.Request) (any, error) {
				if path.Base(r.URL.Path) == "reindxe" {
					return nil, apierrors.NewNotFound(schema.GroupResource{Group: naming.Group, Resource: "workflowtemplates"}, "reindxe")
				}
				lists = append(lists, r)
				return listOf("1", workflowObject(t, "{apiVersion: argoproj.io/v1alpha1, kind: Any, metadata: {name: reindex}}")), nil
			})
			_, err := c.Start(t.Context(), req)
			if !errors.Is(err, ErrTemplateNotFound) || !strings.Contains(err.Error(), `did you mean "reindex"?`) || len(lists) != 1 {
				t.Errorf("%s, %+v: %v, %v", way.name, req, err, lists)
				continue
			}
			metadataOnly := strings.Contains(lists[0].Header.Get("Accept"), "as=PartialObjectMetadataList")
			limit, _ := strconv.Atoi(lists[0].URL.Query().Get("limit"))
			if most := map[bool]int{true: 500, false: 50}[metadataOnly]; limit == 0 || limit > most || metadataOnly != (way.name == "over REST") {
				t.Errorf("%s, %+v: %s as %s", way.name, req, lists[0].URL, lists[0].Header.Get("Accept"))
			}
		}
	}
}

// Metadata can also be large: an annotation may contain the whole object. Then the error lists no
// names.
func TestNamesOfHugeTemplates(t *testing.T) {
	huge := workflowObject(t, "{apiVersion: argoproj.io/v1alpha1, kind: Any, metadata: {name: reindex}}")
	huge.SetAnnotations(map[string]string{"last-applied": strings.Repeat("x", 16<<20)})
	_, err := scripted(t, func(r *http.Request) (any, error) {
		if path.Base(r.URL.Path) == "reindxe" {
			return nil, apierrors.NewNotFound(schema.GroupResource{Group: naming.Group, Resource: "workflowtemplates"}, "reindxe")
		}
		return listOf("1", huge), nil
	}).Start(t.Context(), StartRequest{Template: "reindxe"})
	if !errors.Is(err, ErrTemplateNotFound) || strings.Contains(err.Error(), "did you mean") {
		t.Error(err)
	}
}

// A full quota of the namespace does not delay the error of a template that does not exist.
func TestMissingTemplateUnderAFullQuota(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := scripted(t, func(r *http.Request) (any, error) {
			switch workflows := (schema.GroupResource{Group: naming.Group, Resource: "workflows"}); {
			case r.Method == http.MethodPost:
				return nil, apierrors.NewForbidden(workflows, "namespace-check", errors.New("exceeded quota: q"))
			case path.Base(r.URL.Path) == "reindxe":
				return nil, apierrors.NewNotFound(workflows, "reindxe")
			}
			return listOf("1"), nil
		}).Start(t.Context(), StartRequest{Template: "reindxe"})
		if took := time.Since(began); !errors.Is(err, ErrTemplateNotFound) || took > time.Second {
			t.Errorf("%v after %v", err, took)
		}
	})
}
