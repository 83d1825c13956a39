package workers

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// maxRounds is how often an attempt reads again because another client changed the workers.
const maxRounds = 8

// reconcile makes every workload as plan wants it, and returns the workloads. changed reports
// whether it had to write. check, if it is not nil, may refuse what was read, each time.
//
// A record and the replicas of a workload are in two objects, so a call can be interrupted between
// the two writes, and another client can write in between. Therefore a pause is recorded before the
// workers are scaled down, and stays recorded until they are back: whichever write was the last,
// the number is not lost. And reconcile ends with a read, after its last write, that finds
// everything as desired: of several clients the one that writes last leaves both consistent.
func (p *Pool) reconcile(ctx context.Context, plan plan, check func([]*Workload) error) (found []*Workload, changed bool, err error) {
	err = p.run(ctx, OpScale, func(ctx context.Context) error {
		for range maxRounds {
			var stored storedRecords
			if found, stored, err = p.listWithRecords(ctx); err != nil {
				return err
			}
			if check != nil {
				if err := check(found); err != nil {
					return err
				}
			}
			wrote, err := p.apply(ctx, found, stored, plan)
			changed = changed || wrote
			if err != nil || !wrote {
				return err
			}
		}
		field := p.recordField()
		return apierrors.NewConflict(field.resource.GroupResource(), field.name, errors.New("another client changed the workers each time"))
	})
	return found, changed, err
}

// apply writes what differs from the plan, and reports whether something did.
func (p *Pool) apply(ctx context.Context, found []*Workload, stored storedRecords, plan plan) (wrote bool, err error) {
	// present, before and after are the records as they are, before the workloads are scaled, and
	// after that. They do not contain records of workloads that were deleted.
	present, before, after := records{}, records{}, records{}
	all := make([]desired, len(found))
	differs := false
	for i, each := range found {
		want := plan(each)
		all[i] = want
		first := each.Record
		if first != nil {
			present[each.uid] = *first
		}
		if want.record != nil && want.record.Paused {
			first = want.record
		}
		if first != nil {
			before[each.uid] = *first
		}
		if want.record != nil {
			after[each.uid] = *want.record
		}
		differs = differs || !want.reached(each)
	}
	if !differs {
		return false, nil
	}
	stored.records = present
	if stored, err = p.writeRecords(ctx, stored, before); err != nil {
		return true, err
	}
	for i, each := range found {
		if all[i].replicas == each.Replicas {
			continue
		}
		if err := p.scaleTo(ctx, each, all[i].replicas); err != nil && (p.deployment != "" || !apierrors.IsNotFound(err)) {
			return true, err
		}
	}
	_, err = p.writeRecords(ctx, stored, after)
	return true, err
}

// scaleTo sets the replicas of a workload that is still as it was read. It uses the scale
// subresource, which a role can allow on its own.
func (p *Pool) scaleTo(ctx context.Context, w *Workload, replicas int) error {
	patch := asJSON(map[string]any{
		"metadata": map[string]any{"resourceVersion": w.resourceVersion},
		"spec":     map[string]any{"replicas": replicas},
	})
	_, err := p.resource(w.resource).Patch(ctx, w.Name, types.MergePatchType, patch, metav1.PatchOptions{}, "scale")
	return lostWrite(err)
}
