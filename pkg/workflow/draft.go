package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// draft is a workflow that is to be started, before the request's own settings.
type draft struct {
	what string // names it in texts
	base string // of a generated name
	obj  *unstructured.Unstructured
	own  bool // what it has is what the request says, and not copied from something in the cluster
}

// ofRequest names a draft that has nothing but what the request says.
const ofRequest = "the request"

func newDraft(what, base string, spec map[string]any) draft {
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": spec}}
	return draft{what: what, base: base, obj: obj}
}

// origin names what the workflow is made from.
func (d draft) origin() string {
	ref, fromTemplate, _ := unstructured.NestedMap(d.obj.Object, "spec", "workflowTemplateRef")
	if !fromTemplate || d.what != ofRequest {
		return d.what
	}
	if ref["clusterScope"] == true {
		return fmt.Sprintf("clusterworkflowtemplate %q", ref["name"])
	}
	return fmt.Sprintf("workflowtemplate %q", ref["name"])
}

// templateDraft has the form of Argo's own submit: a reference to the template, and a label
// that says so.
func templateDraft(ref status.TemplateRef) draft {
	fields := map[string]any{"name": ref.Name}
	label := labelTemplate
	if ref.ClusterScope {
		fields["clusterScope"] = true
		label = labelClusterTemplate
	}
	d := newDraft(ofRequest, ref.Name, map[string]any{"workflowTemplateRef": fields})
	if len(ref.Name) <= maxNameLength { // a longer one is no label value
		d.obj.SetLabels(map[string]string{label: ref.Name})
	}
	return d
}

// cronDraft is the workflow that a CronWorkflow would start now, as Argo's own submit makes
// it: with the spec it has and owned by it, so that its history limits apply. With an
// [*InvalidError] there is a draft too, to look for further problems in.
func (c *WorkflowClient) cronDraft(ctx context.Context, p *pace.Pacer, name string) (draft, error) {
	from := source{c.crons, "cronworkflow", c.namespace}
	cron, err := from.get(ctx, p, name)
	if err != nil {
		return draft{}, c.missingSource(ctx, p, from, name, err)
	}
	spec, _, err := unstructured.NestedMap(cron.Object, "spec", "workflowSpec")
	if err != nil || spec == nil {
		return draft{}, fmt.Errorf("%w: cronworkflow %q has no workflowSpec", ErrInvalid, name)
	}
	dropNulls(spec)
	path := field.NewPath("cronWorkflow", "spec")
	problems := shapeProblems(path.Child("workflowSpec"), spec)
	d := newDraft(fmt.Sprintf("cronworkflow %q", name), name, spec)
	labels := map[string]string{labelCron: name}
	annotations := map[string]string{annotationScheduled: time.Now().Format(time.RFC3339)}
	extra := func(kind string) map[string]string {
		texts, _, _ := unstructured.NestedStringMap(cron.Object, "spec", "workflowMetadata", kind)
		return texts
	}
	outer, _ := cron.Object["spec"].(map[string]any)
	problems = append(problems, typeProblems(path.Child("workflowMetadata"), "k8s.ObjectMeta", outer["workflowMetadata"])...)
	problems = append(problems, reservedMetadata(path, outer)...)
	if len(problems) > 0 {
		return d, invalid(problems...)
	}
	maps.Copy(labels, extra("labels"))
	maps.Copy(annotations, extra("annotations"))
	if id := cron.GetLabels()[labelInstanceID]; id != "" {
		labels[labelInstanceID] = id
	}
	d.obj.SetLabels(labels)
	d.obj.SetAnnotations(annotations)
	finalizers, _, _ := unstructured.NestedStringSlice(cron.Object, "spec", "workflowMetadata", "finalizers")
	d.obj.SetFinalizers(finalizers)
	d.obj.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(cron, resource("").GroupVersion().WithKind("CronWorkflow"))})
	return d, nil
}

// resubmission is a new workflow with the spec and the metadata of an old one. What tells
// how the old one fared, and who made it, stays behind. With an [*InvalidError] there is a draft
// too, to look for further problems in.
func resubmission(old *unstructured.Unstructured) (draft, error) {
	spec, _, err := unstructured.NestedMap(old.Object, "spec") // a copy
	if err != nil || spec == nil {
		return draft{}, fmt.Errorf("%w: the workflow has no spec", ErrInvalid)
	}
	dropNulls(spec)
	problems := shapeProblems(field.NewPath("workflow", "spec"), spec)
	delete(spec, "shutdown")
	delete(spec, "suspend") // the old one was held back, not the copy
	if deadline, _, _ := unstructured.NestedInt64(spec, "activeDeadlineSeconds"); deadline == 0 {
		delete(spec, "activeDeadlineSeconds") // older versions terminated by it
	}
	base := old.GetGenerateName()
	if base == "" {
		base = old.GetName()
	}
	d := newDraft("the workflow", base, spec)

	labels := maps.Clone(old.GetLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	maps.DeleteFunc(labels, func(key, _ string) bool {
		return key == labelKey || slices.Contains([]string{labelPhase, labelCompleted, labelArchiving, labelAction}, key) ||
			strings.HasPrefix(key, labelCreator) || strings.HasPrefix(key, labelActor)
	})
	if len(old.GetName()) <= maxNameLength { // a longer one is no label value
		labels[labelResubmitted] = old.GetName()
	} else {
		delete(labels, labelResubmitted) // that of an older one
	}
	d.obj.SetLabels(labels)

	annotations := maps.Clone(old.GetAnnotations())
	maps.DeleteFunc(annotations, func(key, _ string) bool { return strings.HasPrefix(key, ownPrefix) })
	d.obj.SetAnnotations(annotations)
	d.obj.SetOwnerReferences(old.GetOwnerReferences())
	if len(problems) > 0 {
		return d, invalid(problems...)
	}
	return d, nil
}
