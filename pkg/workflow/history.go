package workflow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/pace"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/spec"
)

// History reads workflows that may no longer be in the cluster, such as those in Argo's archive; see
// [Options.History]. Its methods must be safe for concurrent use, and return soon after ctx ends.
//
// A method returns an error that matches [ErrNotFound] only if the history answered that it has no such
// workflow. The client reports any other error as [ErrHistory]. It repeats a call for [Options.RetryFor]
// if the error is a failure of the network, or has a method Transient() bool that returns true. Errors
// must not contain credentials.
//
// A returned object is a Workflow as the API server would have returned it, with its nodes in
// status.nodes. The client may change it. A history that records workflows by itself may have one whose
// end it has not seen, with the state that it recorded last, and one without a UID, whose creation it has
// not seen; see [StartRecorder].
//
// The client waits for ByUID, ByName and a list by an idempotency key for 30 seconds each. Other lists can take
// long, so List has to limit its requests to a database or server by itself: of one that does not answer, only
// the caller's context would end the list.
type History interface {
	// ByUID returns the workflow with the UID.
	ByUID(ctx context.Context, namespace string, uid types.UID) (*unstructured.Unstructured, error)
	// ByName returns the workflow of that name that started last. One that has not started counts by
	// its creation time.
	ByName(ctx context.Context, namespace, name string) (*unstructured.Unstructured, error)
	// List yields the workflows that match, those that started last first. An error is the last
	// element. List must not skip or repeat a workflow because others are added or removed meanwhile. A
	// list by the label argoservice.opensearch.org/idempotency-key must be up to date, since
	// [WorkflowClient.Start] depends on it.
	List(ctx context.Context, query HistoryQuery) iter.Seq2[*unstructured.Unstructured, error]
}

// HistoryQuery selects workflows of a [History]. A workflow has to match all fields that are set.
type HistoryQuery struct {
	Namespace string
	// Selector selects by labels. Nil selects everything.
	Selector labels.Selector
	// StartedAfter and StartedBefore limit status.startedAt. Both are exclusive, and the zero time means no
	// limit. A workflow that has not started counts by its creation time.
	StartedAfter, StartedBefore time.Time
	// Phases selects workflows in one of these phases. Empty means any.
	Phases []status.Phase
}

// Matches reports whether the query selects a workflow. A [History] calls it for what its database or server does
// not apply, or not exactly. It neither changes the workflow nor blocks, and is safe for concurrent use. A field
// that cannot be read counts as missing.
func (q HistoryQuery) Matches(wf *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(wf.Object, "status", "phase")
	switch {
	case q.Namespace != "" && wf.GetNamespace() != q.Namespace,
		q.Selector != nil && !q.Selector.Matches(labels.Set(wf.GetLabels())),
		len(q.Phases) > 0 && !slices.Contains(q.Phases, status.Phase(phase)):
		return false
	case q.StartedAfter.IsZero() && q.StartedBefore.IsZero():
		return true
	}
	text, _, _ := unstructured.NestedString(wf.Object, "status", "startedAt")
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		at = wf.GetCreationTimestamp().Time
	}
	return !at.IsZero() && at.After(q.StartedAfter) && (q.StartedBefore.IsZero() || at.Before(q.StartedBefore))
}

// past returns the workflow that the history has: the one with the name and the UID or, if that is empty, the
// one of that name that started last. It returns nil without a history, and if the history has none.
func (c *WorkflowClient) past(ctx context.Context, name string, uid types.UID) (*unstructured.Unstructured, error) {
	if c.history == nil {
		return nil, nil
	}
	obj, err := c.askHistory(ctx, func(ctx context.Context) (*unstructured.Unstructured, error) {
		if uid != "" {
			return c.history.ByUID(ctx, c.namespace, uid)
		}
		return c.history.ByName(ctx, c.namespace, name)
	})
	if obj == nil || err != nil {
		return nil, err
	}
	switch {
	case uid != "" && obj.GetUID() == uid && obj.GetName() != name && !c.foreign(obj):
		return nil, nil // as in the cluster, where the name is looked up
	case obj.GetName() != name, uid != "" && obj.GetUID() != uid, c.foreign(obj):
		return nil, historyError(fmt.Errorf("it returned another workflow, %s/%s with UID %s",
			shown.Name(obj.GetNamespace()), shown.Name(obj.GetName()), shown.Name(string(obj.GetUID()))))
	}
	return asPast(obj), nil
}

// runnable returns a copy of a workflow of the history that has only the types of an unstructured object.
func runnable(past *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	fields, err := spec.Copy(past.Object)
	if err != nil {
		return nil, &fault.UnreadableError{Err: err}
	}
	return &unstructured.Unstructured{Object: fields}, nil
}

// foreign reports whether a workflow of the history is of another namespace than the client's.
func (c *WorkflowClient) foreign(obj *unstructured.Unstructured) bool {
	return obj.GetNamespace() != c.namespace
}

// asPast takes out of a workflow that is no longer in the cluster that its deletion was requested.
func asPast(obj *unstructured.Unstructured) *unstructured.Unstructured {
	unstructured.RemoveNestedField(obj.Object, "metadata", "deletionTimestamp")
	unstructured.RemoveNestedField(obj.Object, "metadata", "deletionGracePeriodSeconds")
	return obj
}

// readPast decodes a workflow of the history.
func (c *WorkflowClient) readPast(ctx context.Context, obj *unstructured.Unstructured) (*status.WorkflowStatus, error) {
	s, err := c.readStatus(ctx, obj)
	if err == nil {
		s.Source = status.SourceHistory
	}
	return s, err
}

// historyList lists workflows of the history.
func (c *WorkflowClient) historyList(ctx context.Context, query HistoryQuery) iter.Seq2[*unstructured.Unstructured, error] {
	if seq := c.history.List(ctx, query); seq != nil {
		return seq
	}
	return func(yield func(*unstructured.Unstructured, error) bool) {
		yield(nil, errors.New("it returned no list"))
	}
}

// askHistory asks the history for a workflow. It returns nil if the history has none.
func (c *WorkflowClient) askHistory(
	ctx context.Context, ask func(context.Context) (*unstructured.Unstructured, error),
) (found *unstructured.Unstructured, err error) {
	err = untilAnswered(ctx, c.retryFor, func(ctx context.Context) (err error) {
		found, err = ask(ctx)
		switch {
		case err == nil && found == nil:
			return errors.New("it returned neither a workflow nor an error")
		case ctx.Err() == nil && errors.Is(err, ErrNotFound) && !errors.Is(err, ErrHistory):
			found, err = nil, nil
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// answerTimeout is the time limit for each request to a history or node store.
const answerTimeout = 30 * time.Second

// untilAnswered sends a request to a history or node store, again over transient faults for retryFor. The
// error matches [ErrHistory], or is the interruption by ctx.
func untilAnswered(ctx context.Context, retryFor time.Duration, ask func(context.Context) error) error {
	return insist(ctx, retryFor, func() error { return inTime(ctx, answerTimeout, ask) })
}

// inTime sends a request with a time limit.
func inTime(ctx context.Context, limit time.Duration, ask func(context.Context) error) error {
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := ask(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return errNoAnswer
	}
	return err
}

// insist is untilAnswered for a request without a time limit of its own.
func insist(ctx context.Context, retryFor time.Duration, ask func() error) error {
	p := newPacer(time.Now().Add(retryFor))
	for {
		err := ask()
		if err == nil || ctx.Err() != nil {
			return pace.Ended(ctx, err)
		}
		failed := historyError(err)
		if !passing(err) || !p.Pause(ctx, failed) {
			return pace.Ended(ctx, failed)
		}
	}
}

// errNoAnswer is the error of a history or node store that took longer than its time limit.
var errNoAnswer = errors.New("it did not answer in time")

// passing reports whether a call of a history or node store that failed may succeed a little later.
func passing(err error) bool {
	var knows interface{ Transient() bool }
	if errors.As(err, &knows) {
		return knows.Transient()
	}
	return errors.Is(err, errNoAnswer) || fault.Transient(err)
}

// historyError returns the error of a history or node store that could not answer because of cause.
func historyError(cause error) error { return &unansweredError{cause} }

// unansweredError matches [ErrHistory]. It does not unwrap to its cause, since that may be an answer
// which means something else for an API server, such as "not found".
type unansweredError struct{ cause error }

func (e *unansweredError) Error() string {
	if errors.Is(e.cause, ErrHistory) {
		return e.cause.Error()
	}
	return ErrHistory.Error() + ": " + e.cause.Error()
}

func (e *unansweredError) Unwrap() error { return ErrHistory }
