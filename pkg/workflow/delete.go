package workflow

import (
	"context"
	"errors"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// DeleteOptions say how to delete.
type DeleteOptions struct {
	// UID, if given, is that of the workflow meant: [ErrReplaced] if it is another by now.
	UID types.UID
	// Propagation says what becomes of its pods; "" means background: they go after it.
	Propagation metav1.DeletionPropagation
	// Wait blocks until the workflow is gone. Needs get and watch.
	Wait bool
	// AbandonArtifactGC takes away the finalizer by which Argo's controller holds a workflow
	// until its artifacts are collected. They stay where they are then, for ever. Needs get and
	// patch.
	AbandonArtifactGC bool
}

// DeletionHeldError is the error of a Delete with Wait: the workflow is marked as deleted,
// but something still holds it.
type DeletionHeldError struct {
	// Finalizers are what holds it; whoever put one there has to take it away.
	Finalizers []string
	// Message is Argo's, if it could not collect artifacts.
	Message string
	// Err is the context's cause; nil if Argo has given up.
	Err error

	ended error // the context's Err
}

func (e *DeletionHeldError) Error() string {
	text := "it is marked as deleted but held by " + shown.List(shown.Names(e.Finalizers))
	if slices.Contains(e.Finalizers, naming.FinalizerArtifactGC) {
		text += " (artifacts are still to be collected; AbandonArtifactGC leaves them)"
	}
	if e.Message != "" {
		text += ": " + shown.Abridged(status.Printable(e.Message), shown.MaxString)
	}
	if e.Err != nil {
		text = e.Err.Error() + "; " + text
	}
	return text
}

func (e *DeletionHeldError) Unwrap() error { return e.Err }

// Is makes [errors.Is] match the context's Err.
func (e *DeletionHeldError) Is(target error) bool { return e.ended != nil && target == e.ended }

// Delete deletes a workflow and, with it, its pods. It returns when the API server has
// marked it as deleted, or with Wait, when it is gone. A workflow that runs is deleted all
// the same, without its exit handlers: stop it first if they matter.
//
// A lost answer is repeated without the risk to delete a later workflow of the same name; for
// that the UID is read first if none is given, as far as the caller may get workflows. Deleting
// what is marked as deleted succeeds again; deleting what is gone is [ErrNotFound].
//
// Errors: [ErrNotFound], [ErrReplaced], [ErrInvalid], [ErrConflict], [ErrUnsupported] (without
// UID, an object that cannot be read), [ErrForbidden] (needs delete; get to be repeatable, to wait
// and to abandon artifacts), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable],
// [ErrUnknownOutcome], and the context's. With Wait, a [*DeletionHeldError] when the context ends
// or collecting artifacts failed, and finalizers hold the workflow.
func (c *WorkflowClient) Delete(ctx context.Context, name string, opts DeleteOptions) (err error) {
	ctx, o := c.begin(ctx, OpDelete, name, &err)
	defer o.end(ctx)
	if err = c.delete(ctx, name, opts); err != nil {
		return c.error(OpDelete, name, err)
	}
	return nil
}

func (c *WorkflowClient) delete(ctx context.Context, name string, opts DeleteOptions) error {
	if err := checkName(name); err != nil {
		return err
	}
	allowed := []metav1.DeletionPropagation{
		metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan,
	}
	switch {
	case opts.Propagation == "":
		opts.Propagation = metav1.DeletePropagationBackground
	case !slices.Contains(allowed, opts.Propagation):
		return invalid(field.NotSupported(field.NewPath("propagation"), opts.Propagation, allowed))
	}
	p := c.pacer()
	if opts.UID == "" { // so that everything is about the same workflow, also when it is repeated
		obj, err := c.getWith(ctx, p, name)
		switch {
		case err == nil:
			opts.UID = obj.GetUID()
		case !forbidden(err) || opts.Wait || opts.AbandonArtifactGC:
			return err
		}
	}
	if err := c.markDeleted(ctx, p, name, opts); err != nil {
		return err
	}
	if opts.AbandonArtifactGC {
		if err := c.abandonArtifactGC(ctx, name, opts.UID); err != nil {
			return err
		}
	}
	if opts.Wait {
		return c.awaitGone(ctx, name, opts.UID)
	}
	return nil
}

// markDeleted sends the request until it is answered. Without a UID it is not repeated if the
// answer was lost: by then another workflow may have the name.
func (c *WorkflowClient) markDeleted(ctx context.Context, p *pace.Pacer, name string, opts DeleteOptions) error {
	request := metav1.DeleteOptions{PropagationPolicy: &opts.Propagation}
	if opts.UID != "" {
		request.Preconditions = metav1.NewUIDPreconditions(string(opts.UID))
	}
	lost := false // an attempt was sent whose answer did not come back
	for {
		err := c.workflows.Delete(ctx, name, request)
		switch {
		case err == nil:
			return nil
		case lost && (apierrors.IsConflict(err) || notFound(err)):
			return nil // it is gone, and perhaps another one has its name
		case apierrors.IsConflict(err) && opts.UID != "":
			return fmt.Errorf("%w: %w", ErrReplaced, err)
		}
		lost = lost || fault.MayHaveHappened(err)
		again := p.Again(err) && (opts.UID != "" || !lost)
		if ctx.Err() != nil || !again || !p.Pause(ctx, err) {
			if lost {
				return unknownOutcome(ctx, err)
			}
			return pace.Ended(ctx, err)
		}
	}
}

// abandonArtifactGC takes the finalizer away from the workflow if it has it.
func (c *WorkflowClient) abandonArtifactGC(ctx context.Context, name string, uid types.UID) error {
	has := func(finalizers []string) bool { return slices.Contains(finalizers, naming.FinalizerArtifactGC) }
	_, err := c.edit(ctx, name, uid, func(obj *unstructured.Unstructured, _ *status.WorkflowStatus) (*change, error) {
		if !has(obj.GetFinalizers()) {
			return nil, nil
		}
		rest := slices.DeleteFunc(slices.Clone(obj.GetFinalizers()), func(f string) bool { return f == naming.FinalizerArtifactGC })
		return &change{
			patch:      map[string]any{"metadata": map[string]any{"finalizers": rest}},
			tookEffect: func(now *status.WorkflowStatus) (bool, error) { return !has(now.Finalizers), nil },
		}, nil
	})
	if gone(err) {
		return nil
	}
	return err
}

// gone reports whether err says that the workflow is no more.
func gone(err error) bool {
	return !contextEnded(err) && (errors.Is(err, ErrDeleted) || errors.Is(err, ErrReplaced)) || notFound(err)
}

// awaitGone follows a workflow that is marked as deleted until it is gone.
func (c *WorkflowClient) awaitGone(ctx context.Context, name string, uid types.UID) error {
	err := c.followUID(ctx, name, uid, func(s *status.WorkflowStatus) (bool, error) {
		finalizers := s.Finalizers
		failure := s.Condition(status.ConditionArtifactGCError)
		if failure != nil && failure.Status == "True" && slices.Contains(finalizers, naming.FinalizerArtifactGC) {
			return true, &DeletionHeldError{Finalizers: finalizers, Message: failure.Message}
		}
		return false, nil
	})
	var waited *WaitError
	if errors.As(err, &waited) && waited.Last != nil {
		if finalizers := waited.Last.Finalizers; len(finalizers) > 0 {
			return &DeletionHeldError{Finalizers: finalizers, Err: waited.Err, ended: waited.ended}
		}
	}
	if gone(err) {
		return nil
	}
	return err
}
