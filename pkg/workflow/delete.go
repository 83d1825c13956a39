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
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/watchhub"
)

// DeleteOptions configure a Delete. The zero value is ready to use.
type DeleteOptions struct {
	// UID, if set, is the UID of the workflow. A workflow with another one is [ErrReplaced].
	UID types.UID
	// Propagation is what happens to the workflow's pods. It defaults to background: they are
	// deleted after the workflow.
	Propagation metav1.DeletionPropagation
	// Wait makes Delete block until the workflow is deleted. It needs get and watch.
	Wait bool
	// AbandonArtifactGC removes the finalizer that keeps the workflow until Argo's controller has
	// deleted its artifacts. The artifacts are then never deleted. It needs get and patch.
	AbandonArtifactGC bool
}

// DeletionHeldError is the error of a Delete with Wait whose workflow is marked for deletion, but
// still has finalizers.
type DeletionHeldError struct {
	// Finalizers keep the workflow. Each has to be removed by the component that added it.
	Finalizers []string
	// Message is Argo's message if it could not delete artifacts.
	Message string
	// Err is the cause of the context's end. It is nil if Argo has given up on the artifacts.
	Err error

	ended error // Err of the context
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

// Delete deletes a workflow and its pods. It returns when the API server has marked the workflow
// for deletion, or with Wait, when the workflow is deleted. Delete also deletes a workflow that is
// running, without its exit handlers; use Stop first to run them.
//
// Delete repeats a request whose answer was lost, and never deletes a later workflow of the same
// name. For that it reads the UID first if none is given. If the caller may not get workflows,
// Delete does not repeat such a request and returns [ErrUnknownOutcome]. Deleting a workflow that
// is already marked for deletion succeeds. If the workflow no longer exists, Delete returns
// [ErrNotFound].
//
// Errors: [ErrNotFound], [ErrReplaced], [ErrInvalid], [ErrConflict], [ErrHistory] (to abandon
// artifacts), [ErrUnreadable] (without UID, an object that cannot be read), [ErrForbidden] (needs delete; get to repeat a lost request, to
// wait and to abandon artifacts), [ErrUnauthorized], [ErrNotInstalled], [ErrUnavailable],
// [ErrUnknownOutcome], and the context's. With Wait, a [*DeletionHeldError] if finalizers keep the
// workflow when the context ends, or after Argo failed to delete artifacts.
func (c *WorkflowClient) Delete(ctx context.Context, name string, opts DeleteOptions) (err error) {
	ctx, o := c.begin(ctx, OpDelete, name, &err)
	defer o.emitEnd(ctx)
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
	if opts.UID == "" { // so that all requests are about the same workflow
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

// markDeleted sends the request until it is answered. Without a UID it does not repeat a request
// whose answer was lost, because by then another workflow may have the name.
func (c *WorkflowClient) markDeleted(ctx context.Context, p *pace.Pacer, name string, opts DeleteOptions) error {
	request := metav1.DeleteOptions{PropagationPolicy: &opts.Propagation}
	if opts.UID != "" {
		request.Preconditions = metav1.NewUIDPreconditions(string(opts.UID))
	}
	lost := false // the answer of an attempt was lost
	for {
		err := c.workflows.Delete(ctx, name, request)
		switch {
		case err == nil:
			return nil
		case lost && (apierrors.IsConflict(err) || notFound(err)):
			return nil // it was deleted, and another workflow may have its name
		case apierrors.IsConflict(err) && opts.UID != "":
			return fmt.Errorf("%w: %w", ErrReplaced, err)
		}
		lost = lost || fault.MayHaveHappened(err)
		again := p.Retryable(err) && (opts.UID != "" || !lost)
		if ctx.Err() != nil || !again || !p.Pause(ctx, err) {
			if lost {
				return unknownOutcome(ctx, err)
			}
			return pace.Ended(ctx, err)
		}
	}
}

// abandonArtifactGC removes the finalizer from the workflow if it is present.
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
	if wasDeleted(err) {
		return nil
	}
	return err
}

// wasDeleted reports whether err says that the workflow was deleted, also if that is why the outcome of a
// write is unknown.
func wasDeleted(err error) bool {
	var lost *unknownError
	if errors.As(err, &lost) {
		err = lost.cause
	}
	return !contextEnded(err) && (errors.Is(err, ErrDeleted) || errors.Is(err, ErrReplaced)) || notFound(err)
}

// awaitGone blocks until a workflow that is marked for deletion is deleted.
func (c *WorkflowClient) awaitGone(ctx context.Context, name string, uid types.UID) error {
	err := c.follow(ctx, watchhub.Target{Name: name, UID: uid}, func(s *status.WorkflowStatus) (bool, error) {
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
	if wasDeleted(err) {
		return nil
	}
	return err
}
