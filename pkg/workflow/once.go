package workflow

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
)

// createOnce creates wf, or finds that an earlier attempt of this call, or of another one
// with the same key, has done so. made: it was this call, as far as can be told.
func (c *WorkflowClient) createOnce(
	ctx context.Context, p *pace.Pacer, wf *unstructured.Unstructured, mark marker, opts metav1.CreateOptions,
) (result *unstructured.Unstructured, made bool, err error) {
	lost := false // an attempt was sent whose answer did not come back
	for {
		created, err := c.workflows.Create(ctx, wf, opts)
		switch {
		case err == nil:
			return created, true, nil
		case apierrors.IsAlreadyExists(err):
			existing, notOurs := c.adopt(ctx, p, wf.GetName(), mark)
			if notOurs == nil {
				return existing, mark.madeBy(existing), nil
			}
			free := notFound(notOurs) && !lost // it was deleted in between
			rename := mark.renewable && errors.Is(notOurs, ErrAlreadyExists)
			switch {
			case free && p.Pause(ctx, notOurs):
				continue
			case rename && p.Pause(ctx, notOurs):
				mark.Name = mark.anotherName()
				if err := mark.put(wf); err != nil {
					return nil, false, err
				}
				lost = false // had it come through, it would have been found here
				continue
			case free, rename: // but there is no time for another attempt
				notOurs = pace.Ended(ctx, err)
			case lost && !errors.Is(notOurs, ErrAlreadyExists) && !errors.Is(notOurs, ErrConflict):
				// Whose workflow it is could not be read, or it was deleted: it may have been this one.
				notOurs = unknownOutcome(ctx, notOurs)
			}
			return nil, false, &namedError{name: wf.GetName(), err: notOurs}
		case fault.MayHaveHappened(err):
			lost = len(opts.DryRun) == 0
		}
		if ctx.Err() == nil && p.Again(err) && p.Pause(ctx, err) {
			continue
		}
		if lost {
			existing, err := c.settle(ctx, wf.GetName(), mark, err)
			return existing, err == nil && mark.madeBy(existing), err
		}
		return nil, false, &namedError{name: wf.GetName(), err: pace.Ended(ctx, err)}
	}
}

// startedBefore returns the workflow that the mark's key has started before; nil if there is none,
// and for a mark without a key. In a dry run, finding one is a [*FoundError].
func (c *WorkflowClient) startedBefore(
	ctx context.Context, p *pace.Pacer, mark marker, dryRun bool,
) (*unstructured.Unstructured, error) {
	if mark.Key == "" {
		return nil, nil
	}
	existing, err := c.adopt(ctx, p, mark.Name, mark)
	switch {
	case err == nil && dryRun:
		return nil, foundByDryRun(mark.Name)
	case !notFound(err):
		return existing, err
	case mark.named: // the key may have started a workflow of another name
		return nil, c.startedElsewhere(ctx, p, mark)
	}
	return nil, nil
}

// startedElsewhere returns ErrConflict if the mark's key is in use by a workflow of another name. It
// misses one that another process makes at the same moment. Without permission to list it finds none.
func (c *WorkflowClient) startedElsewhere(ctx context.Context, p *pace.Pacer, mark marker) error {
	// The label is on one workflow, and on copies of it that other clients have made.
	const pageSize = 10
	opts := metav1.ListOptions{LabelSelector: labelKey + "=" + mark.Key, Limit: pageSize}
	for {
		page, err := pace.Do(ctx, p, func() (*metav1.PartialObjectMetadataList, error) {
			return c.metadata.listMetadata(ctx, "workflows", c.namespace, opts)
		})
		if forbidden(err) {
			return nil
		}
		if err != nil {
			return &namedError{name: mark.Name, err: err}
		}
		for i := range page.Items {
			if found := readMark(&page.Items[i]); found.Key == mark.Key && found.Name != mark.Name {
				return &namedError{name: mark.Name, err: fmt.Errorf("%w: the idempotency key is in use by workflow %s; "+
					"use another key, or that name", ErrConflict, found.Name)}
			}
		}
		if opts.Continue = page.Continue; opts.Continue == "" {
			return nil
		}
	}
}

// settle takes a last look, after attempts whose answers were lost, so that as few calls
// as can be end in doubt. It takes at most a second, also where ctx has ended.
func (c *WorkflowClient) settle(
	ctx context.Context, name string, mark marker, cause error,
) (*unstructured.Unstructured, error) {
	look, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	existing, err := c.workflows.Get(look, name, metav1.GetOptions{})
	if err == nil && mark.check(existing) == nil {
		noteFound(ctx, existing, mark)
		return existing, nil
	}
	// "Not found" settles nothing: a request that is still on its way can come through later.
	return nil, &namedError{name: name, err: unknownOutcome(ctx, cause)}
}

// adopt returns the workflow of that name if it carries the mark.
func (c *WorkflowClient) adopt(ctx context.Context, p *pace.Pacer, name string, mark marker) (*unstructured.Unstructured, error) {
	existing, err := c.getWith(ctx, p, name)
	if err == nil {
		if err = mark.check(existing); err == nil {
			noteFound(ctx, existing, mark)
			return existing, nil
		}
	}
	return nil, &namedError{name: name, err: err}
}

// noteFound records that the operation has found its workflow, unless it created it itself.
func noteFound(ctx context.Context, existing *unstructured.Unstructured, mark marker) {
	if !mark.madeBy(existing) {
		observationOf(ctx).found()
	}
}

// namedError carries the name that was chosen for a workflow up to the [Error].
type namedError struct {
	name string
	err  error
}

func (e *namedError) Error() string { return e.err.Error() }
func (e *namedError) Unwrap() error { return e.err }

func unknownOutcome(ctx context.Context, cause error) error {
	return unknown(pace.Ended(ctx, cause))
}

// unknown says that it is not known what became of a write, because of cause. An error is of
// one kind, so a cause that has one of this package's is told in the text only.
func unknown(cause error) error {
	if errors.Is(cause, ErrUnknownOutcome) {
		return cause
	}
	for _, s := range sentinels() {
		if errors.Is(cause, s) {
			return fmt.Errorf("%w: %s", ErrUnknownOutcome, cause.Error())
		}
	}
	return fmt.Errorf("%w: %w", ErrUnknownOutcome, cause)
}
