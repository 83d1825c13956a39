package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// GateObjectError is the error of a decision about a gate that is decided in an object: the object cannot
// be read or written, or is not known. It matches what Err matches: [ErrNotSuspended] if the object does
// not exist, [ErrUnsupported] if this client cannot decide the gate, or the sentinel of the API server's
// refusal.
type GateObjectError struct {
	Gate   string // the gate's name
	Object status.GateObject
	Err    error
}

func (e *GateObjectError) Error() string {
	return fmt.Sprintf("gate %s (%s): %s", shown.Quoted(e.Gate), e.Object, e.Err.Error())
}

func (e *GateObjectError) Unwrap() error { return e.Err }

// polledObjects are the objects of the gates that a decision selects, by [objectKey].
type polledObjects map[string]*polledObject

// polledObject is an object in one state.
type polledObject struct {
	policy  *gatePolicy
	object  *unstructured.Unstructured
	value   string // of the policy's field; "" if it has none, or another value than a string
	verdict verdict
}

// verdict is what an object says about a decision.
type verdict int

const (
	undecided   verdict = iota
	decidedHere         // by this call
	decidedSame
	decidedOtherwise
)

// objectKey identifies the object of a gate among those of the client's policies.
func objectKey(o *status.GateObject) string { return fmt.Sprintf("%d/%s", o.Rule, o.Name) }

// of returns the object of a gate, or nil for a Suspend node.
func (objects polledObjects) of(n *status.Node) *polledObject {
	if o := n.GateObject(); o != nil {
		return objects[objectKey(o)]
	}
	return nil
}

// otherwise says how the object of a gate was decided if not as wanted; else it returns "".
func (o *polledObject) otherwise(n *status.Node) string {
	if o == nil || o.verdict != decidedOtherwise {
		return ""
	}
	value := "is not a string"
	if o.value != "" {
		value = "is " + shown.Quoted(o.value)
	}
	return fmt.Sprintf("waits, but was decided otherwise: %s of the %s %s", o.policy.Field, n.GateObject(), value)
}

// mostGateObjects is the number of objects that a decision can be about: each takes up to three requests.
const mostGateObjects = 1_000

// readGateObjects reads the objects of gates, of which each has to exist and to be one that can be decided.
func (c *WorkflowClient) readGateObjects(ctx context.Context, d *decision, nodes []*status.Node) (polledObjects, error) {
	objects := polledObjects{}
	for _, n := range nodes {
		o := n.GateObject()
		if o == nil || objects[objectKey(o)] != nil {
			continue
		}
		var read *polledObject
		err := fmt.Errorf("%w: a decision can be about at most %d objects", ErrUnsupported, mostGateObjects)
		if len(objects) < mostGateObjects {
			read, err = c.readGateObject(ctx, d, o)
		}
		if err != nil {
			return nil, &GateObjectError{Gate: n.GateName(), Object: *o, Err: err}
		}
		objects[objectKey(o)] = read
	}
	return objects, nil
}

// resolveLost finds out whether a decision took effect whose response was lost. Its gates may have passed
// since, so the workflow does not tell.
func (c *WorkflowClient) resolveLost(ctx context.Context, d *decision) error {
	if len(d.lost) == 0 {
		return nil
	}
	n := d.lost[0]
	o := n.GateObject()
	read, err := c.readGateObject(ctx, d, o)
	if err != nil {
		return &GateObjectError{Gate: n.GateName(), Object: *o, Err: err}
	}
	// A decision is conditional on its record, so at that moment the record is the last one.
	if ids := decisionIDs(read.object.GetAnnotations()); read.verdict == decidedSame && len(ids) > 0 && ids[len(ids)-1] == d.id {
		d.written[objectKey(o)] = true
		for _, n := range d.lost {
			d.addInObject(n)
		}
	}
	d.lost = nil
	return nil
}

func (c *WorkflowClient) readGateObject(ctx context.Context, d *decision, o *status.GateObject) (*polledObject, error) {
	p := c.gates[o.Rule]
	switch {
	case o.Problem != "":
		return nil, fmt.Errorf("%w: this client cannot decide the gate", ErrUnsupported) // the object says why
	case d.verb.value(p) == "":
		return nil, fmt.Errorf("%w: gates of this kind cannot be rejected; stop the workflow", ErrUnsupported)
	}
	object, err := pace.Do(ctx, c.pacer(), func() (*unstructured.Unstructured, error) {
		return p.objects.Get(ctx, o.Name, metav1.GetOptions{})
	})
	if err != nil {
		return nil, p.explained(err)
	}
	read := &polledObject{policy: p, object: object, verdict: decidedOtherwise}
	var open bool
	switch read.value, open = p.valueOf(object); {
	case open && !d.written[objectKey(o)]:
		read.verdict = undecided
	case !open && read.value != d.verb.value(p):
	case !open && d.written[objectKey(o)]:
		read.verdict = decidedHere
	default: // or it was decided here, and reset since: a gate that waits for it now is another one
		read.verdict = decidedSame
	}
	return read, nil
}

// explained returns the error of a request about an object. If something does not exist, that is not Argo
// and not the workflow.
func (p *gatePolicy) explained(err error) error {
	switch {
	case fault.MissingResource(err):
		of := p.resource()
		return fmt.Errorf("%w: the cluster has no resource %s/%s %s with what the policy says about it", ErrUnsupported, of.Group, of.Version, of.Resource)
	case notFound(err):
		return fmt.Errorf("%w: the object that is to be decided does not exist", ErrNotSuspended)
	}
	return err
}

// valueOf returns the value of the policy's field, "" if that is not a string, and reports whether it is
// undecided.
func (p *gatePolicy) valueOf(object *unstructured.Unstructured) (text string, undecided bool) {
	value, _, err := unstructured.NestedFieldNoCopy(object.Object, p.path...)
	text, isString := value.(string)
	return text, err == nil && (value == nil || isString && (text == "" || slices.Contains(p.Undecided, text)))
}

// value returns the value of a policy's field for the verb's decision; "" if there is none.
func (v decisionVerb) value(p *gatePolicy) string {
	if v.become == status.NodeSucceeded {
		return p.Approved
	}
	return p.Rejected
}

// writeGateObjects decides the gates whose objects are undecided. Each write is conditional on the state
// that was read. The gates that were decided are added to d, also if it fails.
func (c *WorkflowClient) writeGateObjects(
	ctx context.Context, d *decision, s *status.WorkflowStatus, objects polledObjects, nodes []*status.Node,
) error {
	for _, n := range nodes {
		o := objects.of(n)
		if o.verdict == undecided {
			sent, err := o.decide(ctx, d, s)
			if err != nil {
				if sent && fault.MayHaveHappened(err) {
					d.lost = slices.DeleteFunc(slices.Clone(nodes), func(n *status.Node) bool { return objects.of(n) != o })
				}
				return &GateObjectError{Gate: n.GateName(), Object: *n.GateObject(), Err: o.policy.explained(err)}
			}
			o.verdict, d.written[objectKey(n.GateObject())] = decidedHere, true
		}
		d.addInObject(n)
	}
	return nil
}

// decide writes the decision to an object, and who made it. A write through the status subresource cannot
// change annotations. So there the record comes first, and the decision is conditional on it: of several
// clients, the one whose record is the last one on the object has decided. sent says whether the decision was
// sent, and not only the record.
func (o *polledObject) decide(ctx context.Context, d *decision, s *status.WorkflowStatus) (sent bool, err error) {
	record, err := d.recordOn(o.object.GetAnnotations(), s)
	if err != nil {
		return false, err
	}
	metadata, subresources := map[string]any{"resourceVersion": o.object.GetResourceVersion(), "annotations": record}, []string(nil)
	if o.policy.StatusSubresource {
		recorded, err := o.patch(ctx, map[string]any{"metadata": metadata})
		if err != nil {
			return false, err
		}
		metadata, subresources = map[string]any{"resourceVersion": recorded.GetResourceVersion()}, []string{"status"}
	}
	patch := map[string]any{"metadata": metadata}
	if err = unstructured.SetNestedField(patch, d.verb.value(o.policy), o.policy.path...); err != nil {
		return false, err
	}
	_, err = o.patch(ctx, patch, subresources...)
	return true, err
}

func (o *polledObject) patch(ctx context.Context, patch map[string]any, subresources ...string) (*unstructured.Unstructured, error) {
	text, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	return o.policy.objects.Patch(ctx, o.object.GetName(), types.MergePatchType, text, metav1.PatchOptions{}, subresources...)
}

// recordOn returns the annotations that record d on an object that has these annotations.
func (d *decision) recordOn(annotations map[string]string, s *status.WorkflowStatus) (map[string]any, error) {
	record, err := json.Marshal(struct {
		Action   Op     `json:"action"`
		By       string `json:"by,omitempty"`
		Message  string `json:"message,omitempty"`
		Time     string `json:"time"`
		Workflow string `json:"workflow"`
	}{d.verb.op, d.by, d.message, timestamp(time.Now()), s.Name})
	return map[string]any{
		naming.AnnotationDecisions: d.withID(decisionIDs(annotations)), naming.AnnotationDecision: string(record),
	}, err
}

// addInObject adds a gate to those that the call has decided in objects.
func (d *decision) addInObject(n *status.Node) {
	if !d.reported[n.ID] {
		d.reported[n.ID] = true
		d.inObjects = append(d.inObjects, gateOf(n))
	}
}

// partly returns the error of a decision, with the gates that were decided before it failed.
func (d *decision) partly(err error) error {
	if len(d.lost) > 0 {
		err = unknown(err)
	}
	if len(d.inObjects) == 0 {
		return err
	}
	names := make([]string, len(d.inObjects))
	for i, g := range d.inObjects {
		names[i] = shown.Name(g.Name)
	}
	return fmt.Errorf("%w (decided before that: %s)", err, shown.List(names))
}

// apart returns the gates that are decided in the workflow, and those that are decided in objects.
func apart(gates []*status.Node) (inWorkflow, inObjects []*status.Node) {
	for _, n := range gates {
		if isSuspend(n) {
			inWorkflow = append(inWorkflow, n)
		} else {
			inObjects = append(inObjects, n)
		}
	}
	return inWorkflow, inObjects
}
