package argoserver

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// RetryOptions configure a retry of an archived workflow.
type RetryOptions struct {
	// RestartSuccessful also runs the succeeded nodes again that NodeFieldSelector selects, and what came
	// after them.
	RestartSuccessful bool
	NodeFieldSelector string
	// Parameters replace those of the workflow. Argo drops what a template has as a default.
	Parameters map[string]string
}

// Retry has the server create an archived workflow that failed again, under its name, with the nodes that
// succeeded, and returns the created workflow. It has another UID. The token needs the permissions that the
// server then uses in its name: get and create on workflows, delete on pods.
//
// [workflow.WorkflowClient.Retry] does the same without the server and is to be preferred: it waits until
// nothing is left of the pods of the deleted workflow, and repeats what got lost. It also keeps nodes in the
// workflow that the server may put into the database after the controller has looked for them there.
//
// Nothing is repeated. The error is an [*Error]. It matches [workflow.ErrNotFound] if the archive has no such
// workflow in the namespace, [workflow.ErrAlreadyExists] if the cluster has a workflow of the name, and
// [workflow.ErrUnknownOutcome] if the request may have created the workflow. The server answers that it
// refuses, for example since the workflow succeeded, as it answers that it failed: this is an unknown outcome
// too, and Message says what it was.
func (c *Client) Retry(
	ctx context.Context, namespace string, uid types.UID, opts RetryOptions,
) (*unstructured.Unstructured, error) {
	return c.runAgain(ctx, change{
		op: OpRetry, verb: "retry", namespace: namespace, uid: uid, parameters: opts.Parameters,
		body: map[string]any{"restartSuccessful": opts.RestartSuccessful, "nodeFieldSelector": opts.NodeFieldSelector},
	})
}

// ResubmitOptions configure a copy of an archived workflow.
type ResubmitOptions struct {
	// Memoized skips what succeeded. Argo's implementation loses nodes up to 4.1.
	Memoized bool
	// Parameters replace those of the workflow.
	Parameters map[string]string
}

// Resubmit has the server start a copy of an archived workflow, and returns the created workflow, whose name
// is new. The token needs get and create on workflows, and get on the templates that the workflow uses. A
// resubmission that is repeated starts another copy. [workflow.WorkflowClient.Resubmit] does the same without
// the server, and only once. Errors are those of [Client.Retry].
func (c *Client) Resubmit(
	ctx context.Context, namespace string, uid types.UID, opts ResubmitOptions,
) (*unstructured.Unstructured, error) {
	return c.runAgain(ctx, change{
		op: OpResubmit, verb: "resubmit", namespace: namespace, uid: uid, parameters: opts.Parameters,
		body: map[string]any{"memoized": opts.Memoized},
	})
}

// change is a request of the server to run an archived workflow again.
type change struct {
	op         Op
	verb       string
	namespace  string
	uid        types.UID
	parameters map[string]string
	body       map[string]any
}

// runAgain reads the workflow first, since the server creates it in the namespace that the request names.
func (c *Client) runAgain(ctx context.Context, ch change) (*unstructured.Unstructured, error) {
	e := Error{Op: ch.op, Namespace: ch.namespace, UID: ch.uid}
	if err := ch.check(); err != nil {
		return nil, e.of(err)
	}
	past, err := c.archived(ctx, ch.namespace, ch.uid)
	if err != nil {
		return nil, e.of(err)
	}
	ch.body["uid"], ch.body["name"], ch.body["namespace"] = string(ch.uid), past.GetName(), ch.namespace
	var parameters []string
	for _, name := range slices.Sorted(maps.Keys(ch.parameters)) {
		parameters = append(parameters, name+"="+ch.parameters[name])
	}
	if parameters != nil {
		ch.body["parameters"] = parameters
	}
	document, err := c.read(ctx, request{
		method: http.MethodPut, path: []string{"api", "v1", "archived-workflows", string(ch.uid), ch.verb}, body: ch.body,
	})
	var created *unstructured.Unstructured
	if err == nil {
		if created, err = decode(document); err == nil && created.GetNamespace() != ch.namespace {
			err = errOther
		}
	}
	if err != nil {
		return nil, e.ofChange(err)
	}
	return created, nil
}

// check returns a [*workflow.InvalidError]. A name with an equals sign would be that of another parameter.
func (ch change) check() error {
	var problems field.ErrorList
	var invalidIDs *workflow.InvalidError
	if errors.As(checkIDs(ch.namespace, ch.uid), &invalidIDs) {
		problems = invalidIDs.Problems
	}
	for name := range ch.parameters {
		if !isParameterName(name) {
			problems = append(problems, field.Invalid(field.NewPath("opts", "Parameters").Key(name), field.OmitValueType{},
				"the name "+allowedInNames))
		}
	}
	return invalid(problems)
}

// gRPC's codes of answers after which a change may have been made.
const (
	codeCanceled         = 1
	codeUnknown          = 2
	codeDeadlineExceeded = 4
	codeInternal         = 13
	codeUnavailable      = 14
)

// ofChange completes e with why a change failed, and whether it may have been made.
func (e Error) ofChange(err error) error {
	var failed *Error
	_ = errors.As(e.of(err), &failed) // it is nothing else
	failed.transient = false
	var f *failure
	if !errors.As(err, &f) { // the server has answered something else
		failed.kind = workflow.ErrUnknownOutcome
		return failed
	}
	refused := f.answered && f.code != codeCanceled && f.code != codeUnknown && f.code != codeDeadlineExceeded &&
		f.code != codeInternal && f.code != codeUnavailable
	switch {
	case !f.sent:
		failed.transient = f.transient
	case refused && f.code == codeAlreadyExists:
		failed.kind = workflow.ErrAlreadyExists
	case !refused && !isRefusal(f.status):
		failed.kind = workflow.ErrUnknownOutcome
	}
	return failed
}

// isRefusal reports whether a request with that status was not acted on, whoever has answered it.
func isRefusal(status int) bool {
	return status == http.StatusUnauthorized || status == http.StatusForbidden || status == http.StatusTooManyRequests
}
