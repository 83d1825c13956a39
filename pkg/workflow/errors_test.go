package workflow

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

func TestClassification(t *testing.T) {
	workflows := schema.GroupResource{Group: "argoproj.io", Resource: "workflows"}
	answer := func(code int, message string) error {
		return apierrors.NewGenericServerResponse(code, "POST", workflows, "w", message, 0, false)
	}
	requestFailed := func(err error) error { return &url.Error{Op: "Post", URL: "https://x", Err: err} }
	dial := requestFailed(&net.OpError{Op: "dial", Err: syscall.ECONNREFUSED})
	for name, tc := range map[string]struct {
		err, want error
	}{
		"not found":          {err: apierrors.NewNotFound(workflows, "w"), want: ErrNotFound},
		"no such resource":   {err: apierrors.NewGenericServerResponse(404, "GET", workflows, "", "404 page not found", 0, true), want: ErrNotInstalled},
		"exists":             {err: apierrors.NewAlreadyExists(workflows, "w"), want: ErrAlreadyExists},
		"unauthorized":       {err: apierrors.NewUnauthorized("who?"), want: ErrUnauthorized},
		"forbidden":          {err: apierrors.NewForbidden(workflows, "w", errors.New("no")), want: ErrForbidden},
		"quota":              {err: apierrors.NewForbidden(workflows, "w", errors.New("exceeded quota: x")), want: ErrUnavailable},
		"bad request":        {err: apierrors.NewBadRequest("unknown field"), want: ErrInvalid},
		"invalid":            {err: apierrors.NewInvalid(schema.GroupKind{}, "w", nil), want: ErrInvalid},
		"too large":          {err: apierrors.NewRequestEntityTooLargeError("big"), want: ErrInvalid},
		"conflict":           {err: apierrors.NewConflict(workflows, "w", errors.New("changed")), want: ErrConflict},
		"mismatch":           {err: fmt.Errorf("x: %w", ErrIdempotencyMismatch), want: ErrIdempotencyMismatch},
		"busy":               {err: apierrors.NewTooManyRequests("later", 1), want: ErrUnavailable},
		"server timeout":     {err: apierrors.NewServerTimeout(workflows, "create", 1), want: ErrUnavailable},
		"unavailable":        {err: answer(http.StatusServiceUnavailable, "x"), want: ErrUnavailable},
		"gateway":            {err: answer(http.StatusGatewayTimeout, "x"), want: ErrUnavailable},
		"etcd":               {err: apierrors.NewInternalError(errors.New("etcdserver: leader changed")), want: ErrUnavailable},
		"internal":           {err: apierrors.NewInternalError(errors.New("rpc error: code = Unavailable")), want: ErrUnavailable},
		"too large for etcd": {err: apierrors.NewInternalError(errors.New("etcdserver: request is too large")), want: ErrInvalid},
		"too large to send": {
			err:  apierrors.NewInternalError(errors.New("rpc error: code = ResourceExhausted desc = trying to send message larger than max (3 vs. 2)")),
			want: ErrInvalid,
		},
		"quota counted by many": {
			err:  apierrors.NewConflict(schema.GroupResource{Resource: "resourcequotas"}, "q", errors.New("the object has been modified")),
			want: ErrUnavailable,
		},
		"nodes cut off":         {err: &status.NodesError{Err: io.ErrUnexpectedEOF}, want: ErrUnreadable},
		"not a workflow":        {err: &status.NotWorkflowError{Kind: "Pod"}, want: ErrUnreadable},
		"throttled":             {err: errors.New("client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline"), want: ErrUnavailable},
		"a bare deadline":       {err: context.DeadlineExceeded},
		"held until a deadline": {err: &DeletionHeldError{Finalizers: []string{"f"}, Err: context.DeadlineExceeded}},
		"refused":               {err: dial, want: ErrUnavailable},
		"no such host":          {err: requestFailed(&net.DNSError{Name: "x"}), want: ErrUnavailable},
		"reset": {
			err: requestFailed(&net.OpError{Op: "read", Err: syscall.ECONNRESET}), want: ErrUnavailable,
		},
		"EOF":        {err: requestFailed(io.EOF), want: ErrUnavailable},
		"cut answer": {err: fmt.Errorf("unexpected error when reading response body: %w", io.ErrUnexpectedEOF), want: ErrUnavailable},
		"GOAWAY": {
			err: requestFailed(errors.New("http2: server sent GOAWAY and closed the connection")), want: ErrUnavailable,
		},
		"connection that was cut as it was made": {
			err:  requestFailed(errors.New("http2: client conn could not be established - error from a previous attempt: unexpected EOF")),
			want: ErrUnavailable,
		},
		"untrusted":     {err: requestFailed(x509.UnknownAuthorityError{})},
		"anything else": {err: errors.New("odd")},
		"a sentinel before what caused it": {
			err: fmt.Errorf("%w: %w", ErrTemplateNotFound, apierrors.NewNotFound(workflows, "t")), want: ErrTemplateNotFound,
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := error(newError(OpStart, "ma", "w", tc.err))
			for _, sentinel := range sentinels() {
				if errors.Is(err, sentinel) != errors.Is(tc.want, sentinel) {
					t.Errorf("matches %v: %v", sentinel, errors.Is(err, sentinel))
				}
			}
			if !strings.HasPrefix(err.Error(), "start workflow ma/w: ") {
				t.Errorf("text: %v", err)
			}
		})
	}
	if err := newError(OpStart, "ma", "w", dial); !strings.Contains(err.Error(), ErrUnavailable.Error()) {
		t.Errorf("a failed dial does not say what it means: %v", err)
	}
	if !apierrors.IsNotFound(newError(OpGet, "ma", "w", apierrors.NewNotFound(workflows, "w"))) {
		t.Error("apierrors does not see through an Error")
	}
}

func TestWaitErrorNamesWhatBlocks(t *testing.T) {
	gate := &status.Node{DisplayName: "approve", Type: status.NodeTypeSuspend, Phase: status.NodeRunning}
	last := &status.WorkflowStatus{Phase: status.PhaseRunning, Progress: status.Progress{Done: 1, Total: 3}, Nodes: []*status.Node{gate}}
	err := error(newError(OpWait, "ma", "w", &WaitError{Last: last, Err: context.DeadlineExceeded}))
	if got, want := err.Error(), "wait workflow ma/w: context deadline exceeded; last seen Suspended (1/3), waiting at approve"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || errors.Is(err, ErrUnavailable) {
		t.Error("it must match the end of the context and nothing else")
	}
	if got := (&WaitError{Err: context.Canceled}).Error(); got != "context canceled; no state of the workflow was seen" {
		t.Error(got)
	}
	last = &status.WorkflowStatus{Phase: status.PhaseRunning, Nodes: []*status.Node{
		{DisplayName: "main", Type: status.NodeTypeSteps, Phase: status.NodeRunning},
		{DisplayName: "load", Type: status.NodeTypePod, Phase: status.NodeSucceeded},
		{DisplayName: "check", Type: status.NodeTypePod, Phase: status.NodePending},
	}}
	if got := (&WaitError{Last: last, Err: context.Canceled}).Error(); got != "context canceled; last seen Running, unfinished: check" {
		t.Error(got)
	}
	gone := error(newError(OpWait, "ma", "w", &DeletedError{Last: last, Err: ErrDeleted}))
	if got, want := gone.Error(), "wait workflow ma/w: workflow was deleted; last seen Running, unfinished: check"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestConditions(t *testing.T) {
	running := &status.WorkflowStatus{Phase: status.PhaseRunning}
	ended := &status.WorkflowStatus{Name: "w", Phase: status.PhaseFailed, Message: "m"}
	suspended := &status.WorkflowStatus{Phase: status.PhaseRunning, SpecSuspended: true}
	blind := &status.WorkflowStatus{Phase: status.PhaseRunning, NodesErr: status.ErrNodesOffloaded}
	for _, tc := range []struct {
		name      string
		condition Condition
		state     *status.WorkflowStatus
		done      bool
		failure   error
	}{
		{"Completed", Completed, running, false, nil},
		{"Completed", Completed, ended, true, nil},
		{"Suspended", Suspended, running, false, nil},
		{"Suspended", Suspended, suspended, true, nil},
		{"Suspended", Suspended, ended, false, ErrCompleted},
		{"Suspended", Suspended, blind, false, ErrNodesOffloaded},
		{"Any", Any(Suspended, Completed), ended, true, nil},
		{"Any", Any(Completed, Suspended), running, false, nil},
		{"Any", Any(Completed, Suspended), blind, false, ErrNodesOffloaded},
		{"Any()", Any(), ended, false, nil},
	} {
		done, err := tc.condition(tc.state)
		if done != tc.done || !errors.Is(err, tc.failure) || (err == nil) != (tc.failure == nil) {
			t.Errorf("%s of %v: %v, %v", tc.name, tc.state.Phase, done, err)
		}
	}
	_, err := Suspended(ended)
	var early *EndedBeforeSuspendError
	if !errors.As(err, &early) || early.Name != "w" || early.Phase != status.PhaseFailed ||
		!strings.HasPrefix(err.Error(), "workflow w ended Failed before it was suspended") {
		t.Errorf("%v", err)
	}
}

func TestResult(t *testing.T) {
	good := ResultOf(3, nil)
	bad := ResultOf(0, errors.New("no"))
	if !good.Success() || bad.Success() {
		t.Error("success")
	}
	if data, err := good.Unwrap(); data != 3 || err != nil {
		t.Errorf("%v %v", data, err)
	}
	for _, tc := range []struct {
		result Result[int]
		text   string
	}{
		{good, `{"success":true,"data":3}`}, {bad, `{"success":false,"error":"no"}`}, {ResultOf(0, nil), `{"success":true,"data":0}`},
	} {
		text, err := json.Marshal(tc.result)
		if err != nil || string(text) != tc.text {
			t.Errorf("%s, %v; want %s", text, err, tc.text)
		}
		var again Result[int]
		if err := json.Unmarshal(text, &again); err != nil || again.Data != tc.result.Data || again.Success() != tc.result.Success() {
			t.Errorf("%s became %+v, %v", text, again, err)
		}
	}
	var silent Result[int]
	if err := json.Unmarshal([]byte(`{"success":false,"error":""}`), &silent); err != nil || silent.Err == nil || silent.Err.Error() != "unknown error" {
		t.Errorf("%+v, %v", silent, err)
	}
	if err := json.Unmarshal([]byte(`{"success":"x"}`), &silent); err == nil {
		t.Error("no error for what is no result")
	}
}

func TestNewChecksItsOptions(t *testing.T) {
	_, err := New(nil, Options{Namespace: "Not Valid", InstanceID: "a b", WatchSilence: -1})
	if got := strings.Join(fieldsOf(t, err), " "); got != "dyn options.namespace options.instanceID options.watchSilence" {
		t.Error(got)
	}
	if _, err := NewForConfig(nil, Options{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("%v", err)
	}
}

// The error of a wait that timed out says what the wait was for and what the workflow waits for.
func TestWaitErrorSaysWhatItWaitsFor(t *testing.T) {
	for name, tc := range map[string]struct {
		state string
		says  []string
	}{
		"asked to stop":      {"spec: {shutdown: Stop}\nstatus: {phase: Running}", []string{"Running, asked to stop"}},
		"asked to terminate": {"spec: {shutdown: Terminate}\nstatus: {phase: Pending}", []string{"Pending, asked to terminate"}},
		"a lock": {`
status:
  phase: Pending
  message: "Waiting for ma/Mutex/deploy lock. Lock status: 0/1"
  synchronization: {mutex: {waiting: [{mutex: ma/Mutex/deploy, holder: ma/other}]}}
`, []string{"waiting for mutex ma/Mutex/deploy held by ma/other", "Lock status: 0/1"}},
		"a step that waits for a lock": {`
status:
  phase: Running
  nodes: {a: {id: a, displayName: load, type: Steps, phase: Pending, synchronizationStatus: {waiting: ma/ConfigMap/limits/load}}}
`, []string{"waiting for semaphore ma/ConfigMap/limits/load", "unfinished: load"}},
		"the limit of parallelism": {"status: {phase: Pending, message: too many workflows are already running}", []string{"Pending", "too many workflows"}},
		"between two attempts": {`
status:
  phase: Running
  nodes:
    o: {id: o, name: "w.o(3:x)", displayName: "o(3:x)", type: Steps, phase: Running}
    r: {id: r, displayName: load, type: Retry, phase: Running, boundaryID: o, children: [a]}
    a: {id: a, displayName: load(0), type: Pod, phase: Failed, boundaryID: o}
`, []string{"unfinished: load of o(3:x)"}},
	} {
		s, err := status.FromUnstructured(workflowObject(t, "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {name: w}\n"+tc.state))
		if err != nil {
			t.Fatal(err)
		}
		text := (&WaitError{Last: s, Err: context.DeadlineExceeded}).Error()
		for _, part := range tc.says {
			if !strings.Contains(text, part) {
				t.Errorf("%s: %q is not in %q", name, part, text)
			}
		}
	}
}
