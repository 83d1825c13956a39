package workflow

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// LogObserver logs each event at its level and with its attributes.
func TestLogObserver(t *testing.T) {
	call := func(op Op, name string) Call {
		return Call{Op: op, Backend: "native", Namespace: "ma", Name: name, Began: time.Now()}
	}
	end := func(op Op, name string, err error) func(Observer) {
		return func(o Observer) { o.End(t.Context(), call(op, name), err) }
	}
	event := func(e Event) func(Observer) { return func(o Observer) { o.OnEvent(t.Context(), e) } }
	const who = " backend=native namespace=ma"
	conflict := apierrors.NewConflict(schema.GroupResource{}, "w", errors.New("changed"))
	for name, tc := range map[string]struct {
		do   func(Observer)
		want string // without what depends on the time
	}{
		"a read": {end(OpGet, "w", nil), `level=DEBUG msg=get` + who + " workflow=w took="},
		"a dry run": {func(o Observer) {
			o.End(t.Context(), Call{Op: OpStart, DryRun: true, Began: time.Now()}, nil)
		}, "level=DEBUG msg=start"},
		"a list":   {end(OpList, "", nil), `level=DEBUG msg=list` + who + " took="},
		"a change": {end(OpStart, "w", nil), `level=INFO msg=start` + who + " workflow=w took="},
		"a start": {func(o Observer) {
			o.End(t.Context(), Call{Op: OpStart, Outcome: status.OutcomePending, Began: time.Now()}, nil)
		}, "found=false outcome=Pending\n"},
		"a start that found its workflow": {func(o Observer) {
			o.End(t.Context(), Call{Op: OpStart, Found: true, Outcome: status.OutcomeStopped, Began: time.Now()}, nil)
		}, "found=true outcome=Stopped\n"},
		"a replacement": {func(o Observer) {
			o.End(t.Context(), Call{Op: OpStart, Outcome: status.OutcomePending, Replaced: "u", Began: time.Now()}, nil)
		}, "found=false outcome=Pending replaced=u\n"},
		"a workflow of the past": {func(o Observer) {
			o.End(t.Context(), Call{Op: OpGet, Name: "w", Source: status.SourceHistory, Began: time.Now()}, nil)
		}, "source=history\n"},
		"a history that is down": {end(OpGet, "w", &Error{Op: OpGet, Err: historyError(io.EOF)}), `level=WARN msg=get`},
		"the caller's mistake":   {end(OpStop, "w", &Error{Op: OpStop, Err: ErrCompleted}), `level=DEBUG msg=stop`},
		"no permission":          {end(OpStop, "w", &Error{Op: OpStop, Err: ErrForbidden}), `level=WARN msg=stop`},
		"with its reason":        {end(OpStop, "w", &Error{Op: OpStop, Err: ErrForbidden}), `reason=Forbidden error="stop: not permitted"`},
		"the end of a context":   {end(OpWait, "w", &WaitError{Err: context.Canceled, ended: context.Canceled}), "level=DEBUG msg=wait"},
		"a conflict": {event(Retrying{Op: OpResume, Backend: "native", Namespace: "ma", Name: "w", Err: conflict, After: time.Second}),
			`level=DEBUG msg="resume is tried again"` + who + " workflow=w after=1s reason=Conflict"},
		"an outage": {event(Retrying{Op: OpWatch, Backend: "native", Namespace: "ma", Err: io.ErrUnexpectedEOF, After: time.Second}),
			`level=WARN msg="watch is tried again"` + who + " after=1s reason=Unavailable"},
		"a watch":          {event(WatchOpened{Backend: "native", Namespace: "ma"}), `level=DEBUG msg="watch opened"` + who + " again=false"},
		"a watch's end":    {event(WatchClosed{Backend: "native", Namespace: "ma"}), `level=DEBUG msg="watch closed"` + who},
		"a watch that was": {event(WatchClosed{Err: io.ErrUnexpectedEOF}), `level=WARN msg="watch lost"`},
		"an end": {event(WorkflowEnded{Backend: "native", Status: &status.WorkflowStatus{Namespace: "ma", Name: "w", Phase: status.PhaseFailed}}),
			`level=INFO msg="workflow ended"` + who + " workflow=w outcome=Failed"},
		"no event": {event(EventNotRecorded{Op: OpStop, Err: ErrForbidden}), `level=WARN msg="Kubernetes Event not recorded"`},
		"reached":  {event(Reached{Op: OpWait}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			tc.do(NewLogObserver(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})))
			if got := out.String(); !strings.Contains(got, tc.want) || tc.want == "" && got != "" || strings.Count(got, "\n") > 1 {
				t.Errorf("%s", got)
			}
		})
	}
	NewLogObserver(nil).End(t.Context(), call(OpGet, "w"), nil)
}
