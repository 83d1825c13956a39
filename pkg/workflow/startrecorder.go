package workflow

import (
	"cmp"
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/startname"
)

// StartRecorder is a [History] that also records what Start and Resubmit create, so that an idempotency
// key is known even if its workflow is deleted before any archive has it. Its methods must be safe for
// concurrent use, and can be repeated.
//
// The annotation argoservice.opensearch.org/start of an object is JSON. Its members key and request are the
// same for all starts with one idempotency key and the same request. Its member id is the same for all
// attempts of one call, and differs between calls.
//
// An object that is recorded without a UID, and whose workflow is not in the cluster, is one of which it
// is unknown whether it was created. A Start with its key then returns [ErrUnknownOutcome].
type StartRecorder interface {
	// RecordStart records a workflow that is about to be created, before the first attempt. It returns
	// once the record is durable. If there is a record with the same key of another call, it returns an
	// error that matches [ErrAlreadyExists] and changes nothing; the start then looks for that one. It takes
	// the key from the workflow with the UID replaces, if that is not empty. After any other error, nothing
	// is created, and the start returns [ErrHistory].
	RecordStart(ctx context.Context, wf *unstructured.Unstructured, replaces types.UID) error
	// RecordCreated records a workflow with its UID that was created, or that was found in the cluster by
	// its idempotency key. If it fails, the start does not.
	RecordCreated(ctx context.Context, wf *unstructured.Unstructured) error
	// RecordRefused removes the record with the id of wf, which certainly was not created, and gives the key
	// back to the workflow from which it was taken. If it fails, the record stays as one of which that is
	// unknown.
	RecordRefused(ctx context.Context, wf *unstructured.Unstructured) error
}

// createRecorded creates the workflow, and replaces another one if the request says so, with a record of it
// if the client's history keeps one. The record comes before anything that changes the cluster.
func (c *WorkflowClient) createRecorded(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	if known, err := c.recordFirst(ctx, s); known != nil || err != nil {
		return known, err
	}
	created, err := c.replaceAndCreate(ctx, s)
	switch {
	case err == nil && s.past:
	case err == nil && s.claim.isOn(created):
		c.recordCreated(ctx, s, created)
	case !s.lost:
		c.recordRefused(ctx, s)
	}
	return created, err
}

func (c *WorkflowClient) replaceAndCreate(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	if s.req.IfExists == ExistsReplace {
		if result, err := c.replace(ctx, s); result != nil || err != nil {
			return result, err
		}
	}
	return c.createOnce(ctx, s)
}

// recordFirst records the start, or returns what another start with the key has created.
func (c *WorkflowClient) recordFirst(ctx context.Context, s *submission) (*unstructured.Unstructured, error) {
	s.sending = true
	for {
		err := c.recordStart(ctx, s)
		if err == nil {
			return nil, nil
		}
		if err != errRecorded { //nolint:errorlint // as recordStart returns it
			c.recordRefused(ctx, s) // the record may have been made
			return nil, s.failed(err)
		}
		known, err := c.recall(ctx, s)
		if known != nil || err != nil {
			return known, err
		}
		if !s.pacer.Pause(ctx, errRecorded) { // it was in neither, so the other call's start was refused
			return nil, s.failed(pace.Ended(ctx, errCreationUnknown))
		}
	}
}

// recorder returns the client's history if it records the starts of s, or nil.
func (c *WorkflowClient) recorder(s *submission) StartRecorder {
	recorder, _ := c.history.(StartRecorder)
	if s.req.DryRun {
		return nil
	}
	return recorder
}

// errRecorded means that the history has a record of another call with the same key.
var errRecorded = errors.New("the history has a start with this idempotency key")

func (c *WorkflowClient) recordStart(ctx context.Context, s *submission) error {
	recorder := c.recorder(s)
	if recorder == nil {
		return nil
	}
	recorded := false
	err := untilAnswered(ctx, c.retryFor, func(ctx context.Context) error {
		err := recorder.RecordStart(ctx, s.draft.obj.DeepCopy(), cmp.Or(s.outdated, s.replaced)) // of two, the first has the key
		if recorded = s.claim.Key != "" && ctx.Err() == nil && errors.Is(err, ErrAlreadyExists); recorded {
			return nil
		}
		return err
	})
	if recorded {
		return errRecorded
	}
	return err
}

// recordingTimeout is the time limit for recording what has become of a start.
const recordingTimeout = 2 * time.Second

func (c *WorkflowClient) recordCreated(ctx context.Context, s *submission, wf *unstructured.Unstructured) {
	if recorder := c.recorder(s); recorder != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordingTimeout)
		defer cancel()
		_ = recorder.RecordCreated(ctx, wf.DeepCopy()) // without it, the record is one of a start of unknown outcome
	}
}

func (c *WorkflowClient) recordRefused(ctx context.Context, s *submission) {
	if recorder := c.recorder(s); recorder != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordingTimeout)
		defer cancel()
		_ = recorder.RecordRefused(ctx, s.draft.obj.DeepCopy()) // as above
	}
}

// rename claims another random name, since the first one is taken.
func (c *WorkflowClient) rename(ctx context.Context, s *submission) error {
	c.recordRefused(ctx, s)
	s.claim.Name = startname.Random(s.claim.base)
	s.lost = false // a workflow of a lost attempt would have been found under the old name
	if err := s.claim.put(s.draft.obj); err != nil {
		return err
	}
	return c.recordStart(ctx, s)
}
