package backfill

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// annotationPaused is the annotation of a workflow that has the notes about its workers.
	annotationPaused = "argoservice.opensearch.org/paused-replicas"
	// notesConfigMap has the notes about Deployments that belong to no workflow, an entry for each. It
	// is the only one, so that a role can be limited to it by name.
	notesConfigMap = "argoservice-backfill"
)

// note is what is remembered about a workload that was paused. It is not on the workload itself:
// the permission to patch a Deployment or ReplicaSet is one to run any pod, and scaling one is not.
type note struct {
	Replicas int  `json:"replicas"` // that it had before the pause
	Paused   bool `json:"paused"`   // false: Start has ended the pause
}

// notes are those about the workloads of a backfill. A workload that another of the same name has
// replaced has another UID, and no note.
type notes map[types.UID]note

// notebook is the place of notes, which are one JSON string in an object.
type notebook struct {
	resource schema.GroupVersionResource
	kind     string
	name     string
	path     []string // of the string
}

// page is what a notebook holds at one moment.
type page struct {
	notes  notes
	exists bool    // the object does
	text   *string // the string in it; nil: there is none
	bare   bool    // the map that would hold the string is missing too
}

func (w *workers) notebook() notebook {
	if w.deployment != "" {
		return notebook{schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, "ConfigMap", notesConfigMap,
			[]string{"data", w.deployment}}
	}
	return notebook{schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}, "Workflow", w.workflow,
		[]string{"metadata", "annotations", annotationPaused}}
}

// readNotes reads the notes. A notebook that isn't there has none. Where the workflow is another one
// than the call is about, so are the workers, and the error is [workflow.ErrReplaced].
func (w *workers) readNotes(ctx context.Context) (page, error) {
	book := w.notebook()
	o, err := w.of(book.resource).Get(ctx, book.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return page{}, nil
	}
	if err != nil {
		return page{}, err
	}
	if w.deployment == "" && o.GetUID() != w.uid {
		return page{}, fmt.Errorf("%w: its UID is %s by now", workflow.ErrReplaced, o.GetUID())
	}
	return book.page(o)
}

// errDamagedNotes matches the error of notes that cannot be read.
var errDamagedNotes = errors.New("remove it to forget that")

// page reads an object that the API server has returned. With [errDamagedNotes] it has no notes.
func (b notebook) page(o *unstructured.Unstructured) (page, error) {
	p := page{exists: true}
	_, inMap, _ := unstructured.NestedMap(o.Object, b.path[:len(b.path)-1]...)
	p.bare = !inMap
	text, found, err := unstructured.NestedString(o.Object, b.path...)
	if err == nil && found {
		p.text = &text
		err = json.Unmarshal([]byte(text), &p.notes)
	}
	for _, n := range p.notes {
		if n.Replicas < 0 || n.Replicas > math.MaxInt32 {
			err = errors.New("a number of replicas is out of range")
		}
	}
	if err != nil {
		p.notes = nil
		err = fmt.Errorf("read %s of %s %q, where a pause notes the number of workers (%w): %w",
			b.path[len(b.path)-1], b.kind, b.name, errDamagedNotes, err)
	}
	return p, err
}

// writeNotes replaces the notes, if they are still as they were read. It makes a ConfigMap that
// isn't there; a workflow has to be.
func (w *workers) writeNotes(ctx context.Context, was page, now notes) (page, error) {
	if maps.Equal(was.notes, now) {
		return was, nil
	}
	return w.replaceNotes(ctx, was, now)
}

// replaceNotes is writeNotes, also where the notes are the same.
func (w *workers) replaceNotes(ctx context.Context, was page, now notes) (page, error) {
	book := w.notebook()
	var text *string
	if len(now) > 0 {
		text = new(string)
		*text = string(asJSON(now))
	}
	var o *unstructured.Unstructured
	var err error
	if !was.exists && w.deployment != "" {
		o, err = w.createNotebook(ctx, book, text)
	} else {
		o, err = w.of(book.resource).Patch(ctx, book.name, types.JSONPatchType, asJSON(book.patch(was, w.uid, text)), metav1.PatchOptions{})
	}
	if patchTestFailed(err) || w.deployment != "" && (apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err)) {
		// Another client was quicker to change the notes, or to make or delete the ConfigMap: look again.
		err = apierrors.NewConflict(book.resource.GroupResource(), book.name, err)
	}
	if apierrors.IsForbidden(err) && w.deployment != "" {
		err = fmt.Errorf("note the number of workers in ConfigMap %s/%s: %w", w.namespace, notesConfigMap, err)
	}
	if err := written(err); err != nil {
		return page{}, err
	}
	return book.page(o)
}

func (w *workers) createNotebook(ctx context.Context, book notebook, text *string) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetAPIVersion("v1")
	u.SetKind(book.kind)
	u.SetName(book.name)
	u.SetNamespace(w.namespace)
	if text != nil {
		if err := unstructured.SetNestedField(u.Object, *text, book.path...); err != nil {
			return nil, err
		}
	}
	return w.of(book.resource).Create(ctx, u, metav1.CreateOptions{})
}

// operation is one of a JSON Patch, https://www.rfc-editor.org/rfc/rfc6902.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value"`
}

// patch returns the JSON Patch that replaces the string of a page, or removes it for nil. The API
// server refuses it where the string is no longer what the page holds, or the object is another one
// than that with the UID, if any. A resource version would do as well, but the object has other
// writers, the workflow's controller or backfills of other Deployments, whose changes do no harm.
func (b notebook) patch(was page, uid types.UID, text *string) []operation {
	within, at := pointer(b.path[:len(b.path)-1]), pointer(b.path)
	var patch []operation
	if uid != "" {
		patch = append(patch, operation{"test", "/metadata/uid", uid})
	}
	if was.bare {
		patch = append(patch, operation{"test", within, nil}, operation{"add", within, map[string]any{}})
	}
	patch = append(patch, operation{"test", at, was.text})
	switch {
	case text != nil:
		patch = append(patch, operation{"add", at, *text}) // which replaces, too
	case was.text != nil:
		patch = append(patch, operation{Op: "remove", Path: at})
	}
	return patch
}

// pointer is the JSON Pointer to a path.
func pointer(path []string) string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var p strings.Builder
	for _, key := range path {
		p.WriteString("/" + escape.Replace(key))
	}
	return p.String()
}

// patchTestFailed reports whether the API server could not apply a JSON Patch, as where a test in it
// fails. It has no code of its own for that: an object that is not valid is the same, but with causes.
func patchTestFailed(err error) bool {
	var s apierrors.APIStatus
	if !apierrors.IsInvalid(err) || !errors.As(err, &s) {
		return false
	}
	details := s.Status().Details
	return details == nil || len(details.Causes) == 0
}

// goal is what a verb wants of a workload.
type goal struct {
	note     *note // nil: none
	replicas int
}

// settle brings every workload to the goal that plan gives it, and returns the workloads. changed
// reports whether it had to write. refused, if it isn't nil, is asked at each look.
//
// A note and the number of a workload are in two objects, so a verb can be cut off between the two
// writes, and another client can write in between. So a pause is noted before the workers are
// taken away, and stays noted until they are back: whatever write was the last, the number is not
// lost. And settle ends with a look, after its last write, that finds everything as wanted: of
// several clients the one that writes last leaves both in step.
func (w *workers) settle(
	ctx context.Context, refused func([]*workload) error, plan func(*workload) goal,
) (found []*workload, changed bool, err error) {
	err = w.do(ctx, OpScaleWorkers, func(ctx context.Context) error {
		for range rounds {
			var p page
			if found, p, err = w.findNoted(ctx); err != nil {
				return err
			}
			if refused != nil {
				if err := refused(found); err != nil {
					return err
				}
			}
			wrote, err := w.follow(ctx, found, p, plan)
			changed = changed || wrote
			if err != nil || !wrote {
				return err
			}
		}
		book := w.notebook()
		return apierrors.NewConflict(book.resource.GroupResource(), book.name, errors.New("another client changed the workers each time"))
	})
	return found, changed, err
}

// findNoted is find with the notes about what it finds. The notes are read after the workloads: what
// another client did in between shows as a conflict when a workload is scaled, and otherwise by the
// look after the note.
func (w *workers) findNoted(ctx context.Context) ([]*workload, page, error) {
	found, err := w.find(ctx)
	if err != nil || len(found) == 0 {
		return nil, page{}, err
	}
	p, err := w.readNotes(ctx)
	if err != nil {
		return nil, page{}, err
	}
	for _, each := range found {
		if n, ok := p.notes[each.uid]; ok {
			each.note = &n
		}
	}
	return found, p, nil
}

// follow writes what is missing of the goals.
func (w *workers) follow(ctx context.Context, found []*workload, p page, plan func(*workload) goal) (wrote bool, err error) {
	old, first, last := notes{}, notes{}, notes{} // without those about what is gone
	goals := make([]goal, len(found))
	differs := false
	for i, each := range found {
		g := plan(each)
		goals[i] = g
		now := each.note
		if now != nil {
			old[each.uid] = *now
		}
		if g.note != nil && g.note.Paused {
			now = g.note
		}
		if now != nil {
			first[each.uid] = *now
		}
		if g.note != nil {
			last[each.uid] = *g.note
		}
		differs = differs || !g.reached(each)
	}
	if !differs {
		return false, nil
	}
	p.notes = old
	if p, err = w.writeNotes(ctx, p, first); err != nil {
		return true, err
	}
	for i, each := range found {
		if goals[i].replicas == each.replicas {
			continue
		}
		if err := w.scaleTo(ctx, each, goals[i].replicas); err != nil && (w.deployment != "" || !apierrors.IsNotFound(err)) {
			return true, err
		}
	}
	_, err = w.writeNotes(ctx, p, last)
	return true, err
}

// reached reports whether a workload is as wanted.
func (g goal) reached(w *workload) bool {
	sameNote := g.note == nil && w.note == nil || g.note != nil && w.note != nil && *g.note == *w.note
	return sameNote && g.replicas == w.replicas
}
