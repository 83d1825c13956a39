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

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/manifest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// draft is a workflow to start, before the request's own settings are applied.
type draft struct {
	subject string // its name in problems
	base    string // the base of a generated name
	obj     *unstructured.Unstructured
	own     bool // made from the request alone, without an object of the cluster
}

// ofRequest is the subject of a draft that is made from the request alone.
const ofRequest = "the request"

func newDraft(subject, base string, fields map[string]any) draft {
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": fields}}
	return draft{subject: subject, base: base, obj: obj}
}

// manifestDraft returns the workflow in the request's manifest. It may return a draft even if there
// are problems, so that the caller can find further ones. If ctx has ended when the manifest is
// parsed, it returns neither.
func manifestDraft(ctx context.Context, req StartRequest, namespace string) (draft, field.ErrorList) {
	path := field.NewPath("manifest")
	obj, err := manifest.Parse(req.Manifest)
	switch {
	case err != nil:
		return draft{}, field.ErrorList{spec.Hidden(path, err.Error())}
	case ctx.Err() != nil:
		return draft{}, nil
	}
	problems := spec.ManifestProblems(path, obj, req.Name, namespace)
	fields, hasSpec := obj.Object["spec"].(map[string]any)
	if !hasSpec {
		return draft{}, problems
	}
	if !req.SkipTemplateCheck && ctx.Err() == nil {
		problems = append(problems, spec.Misspelt(path.Child("spec"), fields)...)
	}
	return draft{subject: "the manifest", base: startname.OfManifest(obj, req.Name), obj: obj, own: true}, problems
}

// spec returns the spec of the draft's object.
func (d draft) spec() map[string]any {
	fields, _ := d.obj.Object["spec"].(map[string]any)
	return fields
}

// origin returns the source of the workflow, as named in an event.
func (d draft) origin() string {
	ref, fromTemplate, _ := unstructured.NestedMap(d.obj.Object, "spec", "workflowTemplateRef")
	if !fromTemplate || d.subject != ofRequest {
		return d.subject
	}
	if ref["clusterScope"] == true {
		return fmt.Sprintf("clusterworkflowtemplate %q", ref["name"])
	}
	return fmt.Sprintf("workflowtemplate %q", ref["name"])
}

// templateDraft returns what Argo's own submit creates: a reference to the template, and the label
// for it.
func templateDraft(ref status.TemplateRef) draft {
	fields := map[string]any{"name": ref.Name}
	label := naming.LabelTemplate
	if ref.ClusterScope {
		fields["clusterScope"] = true
		label = naming.LabelClusterTemplate
	}
	d := newDraft(ofRequest, ref.Name, map[string]any{"workflowTemplateRef": fields})
	if len(ref.Name) <= naming.MaxLength { // a longer one cannot be the value of a label
		d.obj.SetLabels(map[string]string{label: ref.Name})
	}
	return d
}

// cronDraft returns the workflow that a CronWorkflow would start now. As in Argo's own submit, it
// has the CronWorkflow's spec and is owned by the CronWorkflow, so that its history limits apply.
// With an [*InvalidError] it also returns a draft, so that the caller can find further problems.
func (c *WorkflowClient) cronDraft(ctx context.Context, p *pace.Pacer, name string) (draft, error) {
	from := startSource{c.crons, "cronworkflow", c.namespace}
	cron, err := from.get(ctx, p, name)
	if err != nil {
		return draft{}, c.missingSource(ctx, p, from, name, err)
	}
	fields, _, err := unstructured.NestedMap(cron.Object, "spec", "workflowSpec")
	if err != nil || fields == nil {
		return draft{}, fmt.Errorf("%w: cronworkflow %q has no workflowSpec", ErrInvalid, name)
	}
	manifest.DropNulls(fields)
	d := newDraft(fmt.Sprintf("cronworkflow %q", name), name, fields)
	labels := map[string]string{naming.LabelCron: name}
	annotations := map[string]string{naming.AnnotationScheduled: time.Now().Format(time.RFC3339)}
	extra := func(kind string) map[string]string {
		values, _, _ := unstructured.NestedStringMap(cron.Object, "spec", "workflowMetadata", kind)
		return values
	}
	outer, _ := cron.Object["spec"].(map[string]any)
	if problems := spec.CronProblems(field.NewPath("cronWorkflow", "spec"), outer); len(problems) > 0 {
		return d, invalid(problems...)
	}
	maps.Copy(labels, extra("labels"))
	maps.Copy(annotations, extra("annotations"))
	if id := cron.GetLabels()[naming.LabelInstanceID]; id != "" {
		labels[naming.LabelInstanceID] = id
	}
	d.obj.SetLabels(labels)
	d.obj.SetAnnotations(annotations)
	finalizers, _, _ := unstructured.NestedStringSlice(cron.Object, "spec", "workflowMetadata", "finalizers")
	d.obj.SetFinalizers(finalizers)
	d.obj.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(cron, resource("").GroupVersion().WithKind("CronWorkflow"))})
	return d, nil
}

// resubmission returns a new workflow with the spec and the metadata of an old one, except for what
// records the old one's progress and creator. With an [*InvalidError] it also returns a draft, so
// that the caller can find further problems.
func resubmission(old *unstructured.Unstructured) (draft, error) {
	fields, _, err := unstructured.NestedMap(old.Object, "spec") // a copy
	if err != nil || fields == nil {
		return draft{}, fmt.Errorf("%w: the workflow has no spec", ErrInvalid)
	}
	manifest.DropNulls(fields)
	problems := spec.Problems(field.NewPath("workflow", "spec"), fields)
	delete(fields, "shutdown")
	delete(fields, "suspend") // the old one was suspended, not the copy
	if deadline, _, _ := unstructured.NestedInt64(fields, "activeDeadlineSeconds"); deadline == 0 {
		delete(fields, "activeDeadlineSeconds") // older versions terminated workflows with it
	}
	base := old.GetGenerateName()
	if base == "" {
		base = old.GetName()
	}
	d := newDraft("the workflow", base, fields)

	labels := maps.Clone(old.GetLabels())
	if labels == nil {
		labels = map[string]string{}
	}
	maps.DeleteFunc(labels, func(key, _ string) bool {
		return key == naming.LabelKey || slices.Contains([]string{naming.LabelPhase, naming.LabelCompleted, naming.LabelArchiving, naming.LabelAction}, key) ||
			strings.HasPrefix(key, naming.LabelCreator) || strings.HasPrefix(key, naming.LabelActor)
	})
	if len(old.GetName()) <= naming.MaxLength { // a longer one cannot be the value of a label
		labels[naming.LabelResubmitted] = old.GetName()
	} else {
		delete(labels, naming.LabelResubmitted) // it names an older workflow
	}
	d.obj.SetLabels(labels)

	annotations := maps.Clone(old.GetAnnotations())
	maps.DeleteFunc(annotations, func(key, _ string) bool { return strings.HasPrefix(key, naming.OwnPrefix) })
	d.obj.SetAnnotations(annotations)
	d.obj.SetOwnerReferences(old.GetOwnerReferences())
	if len(problems) > 0 {
		return d, invalid(problems...)
	}
	return d, nil
}
