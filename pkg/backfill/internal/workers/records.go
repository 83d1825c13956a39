package workers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// annotationRecords is the annotation of a workflow that holds the records of its workers.
	annotationRecords = "argoservice.opensearch.org/paused-replicas"
	// ConfigMapName is the ConfigMap that holds the records of Deployments without a workflow, one
	// key for each. There is one per namespace, so that a role can be limited to it by name.
	ConfigMapName = "argoservice-backfill"
)

// Record says how many replicas a workload had before it was paused. It is not stored in the
// workload, since this package may only scale those.
type Record struct {
	Replicas int  `json:"replicas"`
	Paused   bool `json:"paused"` // false if it was resumed
}

// records are those of a pool's workloads. A workload that was deleted and created again has
// another UID, and no record.
type records map[types.UID]Record

// recordField is the field of an object that holds records, as one JSON string.
type recordField struct {
	resource schema.GroupVersionResource
	kind     string
	name     string
	path     []string
}

// storedRecords are records as they were read or written.
type storedRecords struct {
	records       records
	exists        bool    // whether the object exists
	value         *string // the field's value, or nil if the field does not exist
	parentMissing bool    // the map that would hold the field does not exist either
}

func (p *Pool) recordField() recordField {
	if p.deployment != "" {
		return recordField{schema.GroupVersionResource{Version: "v1", Resource: "configmaps"}, "ConfigMap", ConfigMapName,
			[]string{"data", p.deployment}}
	}
	return recordField{schema.GroupVersionResource{Group: "argoproj.io", Version: "v1alpha1", Resource: "workflows"}, "Workflow", p.workflow,
		[]string{"metadata", "annotations", annotationRecords}}
}

// readRecords reads the records; an object that does not exist has none. If the workflow has
// another UID, its workers may be others too, and the error is a [ReplacedError].
func (p *Pool) readRecords(ctx context.Context) (storedRecords, error) {
	field := p.recordField()
	o, err := p.resource(field.resource).Get(ctx, field.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return storedRecords{}, nil
	}
	if err != nil {
		return storedRecords{}, err
	}
	if p.deployment == "" && o.GetUID() != p.uid {
		return storedRecords{}, &ReplacedError{o.GetUID()}
	}
	return field.decode(o)
}

// errDamagedRecords means that the records cannot be read.
var errDamagedRecords = errors.New("remove it to discard the record")

// decode reads an object of the API server. With an [errDamagedRecords], the result does not
// contain records.
func (f recordField) decode(o *unstructured.Unstructured) (storedRecords, error) {
	stored := storedRecords{exists: true}
	_, hasParent, _ := unstructured.NestedMap(o.Object, f.path[:len(f.path)-1]...)
	stored.parentMissing = !hasParent
	value, found, err := unstructured.NestedString(o.Object, f.path...)
	if err == nil && found {
		stored.value = &value
		err = json.Unmarshal([]byte(value), &stored.records)
	}
	for _, r := range stored.records {
		if r.Replicas < 0 || r.Replicas > math.MaxInt32 {
			err = errors.New("a number of replicas is out of range")
		}
	}
	if err != nil {
		stored.records = nil
		err = fmt.Errorf("read %s of %s %q, which records the number of workers before a pause (%w): %w",
			f.path[len(f.path)-1], f.kind, f.name, errDamagedRecords, err)
	}
	return stored, err
}

// writeRecords replaces the records, if they are still as they were read. It creates a ConfigMap
// that does not exist; a workflow has to exist.
func (p *Pool) writeRecords(ctx context.Context, was storedRecords, now records) (storedRecords, error) {
	if maps.Equal(was.records, now) {
		return was, nil
	}
	return p.replaceRecords(ctx, was, now)
}

// replaceRecords is writeRecords, even if the records are the same.
func (p *Pool) replaceRecords(ctx context.Context, was storedRecords, now records) (storedRecords, error) {
	field := p.recordField()
	var value *string
	if len(now) > 0 {
		value = new(string(asJSON(now)))
	}
	var o *unstructured.Unstructured
	var err error
	if !was.exists && p.deployment != "" {
		o, err = p.createRecords(ctx, field, value)
	} else {
		o, err = p.resource(field.resource).Patch(ctx, field.name, types.JSONPatchType, asJSON(field.patch(was, p.uid, value)), metav1.PatchOptions{})
	}
	if patchTestFailed(err) || p.deployment != "" && (apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err)) {
		// Another client changed the records, or created or deleted the ConfigMap first, so the
		// next attempt reads them again.
		err = apierrors.NewConflict(field.resource.GroupResource(), field.name, err)
	}
	if apierrors.IsForbidden(err) && p.deployment != "" {
		err = fmt.Errorf("record the number of workers in ConfigMap %s/%s: %w", p.namespace, ConfigMapName, err)
	}
	if err := lostWrite(err); err != nil {
		return storedRecords{}, err
	}
	return field.decode(o)
}

func (p *Pool) createRecords(ctx context.Context, field recordField, value *string) (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetAPIVersion("v1")
	u.SetKind(field.kind)
	u.SetName(field.name)
	u.SetNamespace(p.namespace)
	if value != nil {
		if err := unstructured.SetNestedField(u.Object, *value, field.path...); err != nil {
			return nil, err
		}
	}
	return p.resource(field.resource).Create(ctx, u, metav1.CreateOptions{})
}

// removeDamagedRecords removes records that cannot be read.
func (p *Pool) removeDamagedRecords(ctx context.Context) error {
	return p.run(ctx, OpScale, func(ctx context.Context) error {
		stored, err := p.readRecords(ctx)
		if errors.Is(err, errDamagedRecords) {
			_, err = p.replaceRecords(ctx, stored, nil)
		}
		return err
	})
}

// asJSON encodes a value that JSON can express.
func asJSON(value any) []byte {
	data, _ := json.Marshal(value)
	return data
}
