package workflow

import (
	"context"
	"log/slog"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// NewLogObserver returns an [Observer] that logs to handler. If handler is nil, it logs nothing.
// Each record has the backend, namespace and workflow, and if they apply the duration, and the
// [Reason] and string of the error. It has no parameter values and no credentials. But the error
// string can contain names of nodes, in which Argo includes the items of a loop, and messages of
// steps. These can repeat a value.
//
// The levels are:
//
//   - Debug: operations that only read, and dry runs; operations whose failure only concerns the
//     caller, such as an invalid request or the end of its context; attempts repeated after an
//     [ErrConflict]; watches that were opened or closed.
//   - Info: other operations that succeeded; workflows that ended. Start and Resubmit add whether
//     they found their workflow or created it, and its outcome: found=true and outcome=Stopped
//     mean that the key belongs to a workflow that was stopped. Start adds the UID of a workflow
//     that it replaced. source=history is added for a workflow that only [Options.History] has.
//   - Warn: problems that an operator of the host may have to look at: missing permissions, an
//     unavailable API server or history, an unknown outcome, an unexpected error; attempts repeated for such
//     a reason; watches lost; Kubernetes Events that could not be recorded.
//
// It never logs at level Error, since only the caller knows whether a failure matters.
func NewLogObserver(handler slog.Handler) Observer {
	if handler == nil {
		handler = slog.DiscardHandler
	}
	return &logObserver{log: slog.New(handler)}
}

type logObserver struct {
	NopObserver

	log *slog.Logger
}

// End implements [Observer].
func (l *logObserver) End(ctx context.Context, call Call, err error) {
	level := slog.LevelDebug
	switch {
	case err != nil:
		level = failureLevel(err)
	case call.Op.Changes() && !call.DryRun:
		level = slog.LevelInfo
	}
	if !l.log.Enabled(ctx, level) {
		return
	}
	attrs := subject(call.Backend, call.Namespace, call.Name)
	attrs = append(attrs, slog.Duration("took", time.Since(call.Began)))
	if call.Outcome != "" && !call.DryRun {
		attrs = append(attrs, slog.Bool("found", call.Found), slog.String("outcome", string(call.Outcome)))
	}
	if call.Replaced != "" && !call.DryRun {
		attrs = append(attrs, slog.String("replaced", string(call.Replaced)))
	}
	if call.Source == status.SourceHistory {
		attrs = append(attrs, slog.String("source", string(call.Source)))
	}
	l.log.LogAttrs(ctx, level, string(call.Op), withError(attrs, err)...)
}

// OnEvent implements [Observer].
func (l *logObserver) OnEvent(ctx context.Context, event Event) {
	level := slog.LevelDebug
	var text string
	var attrs []slog.Attr
	switch e := event.(type) {
	case Retrying:
		level, text = failureLevel(e.Err), string(e.Op)+" is tried again"
		attrs = withError(append(subject(e.Backend, e.Namespace, e.Name), slog.Duration("after", e.After)), e.Err)
	case WatchOpened:
		text = "watch opened"
		attrs = append(subject(e.Backend, e.Namespace, e.Name), slog.Bool("again", e.Again))
	case WatchClosed:
		text = "watch closed"
		if e.Err != nil {
			level, text = slog.LevelWarn, "watch lost"
		}
		attrs = withError(subject(e.Backend, e.Namespace, e.Name), e.Err)
	case WorkflowEnded:
		level, text = slog.LevelInfo, "workflow ended"
		attrs = append(subject(e.Backend, e.Status.Namespace, e.Status.Name), slog.String("outcome", string(e.Status.Outcome())))
	case EventNotRecorded:
		level, text = slog.LevelWarn, "Kubernetes Event not recorded"
		attrs = withError(append(subject(e.Backend, e.Namespace, e.Name), slog.String("op", string(e.Op))), e.Err)
	default: // covered by the record of the operation
		return
	}
	l.log.LogAttrs(ctx, level, text, attrs...)
}

func subject(backend Backend, namespace, name string) []slog.Attr {
	attrs := []slog.Attr{slog.String("backend", string(backend)), slog.String("namespace", namespace)}
	if name != "" {
		attrs = append(attrs, slog.String("workflow", name))
	}
	return attrs
}

func withError(attrs []slog.Attr, err error) []slog.Attr {
	if err == nil {
		return attrs
	}
	return append(attrs, slog.String("reason", Reason(err)), slog.String("error", err.Error()))
}

// failureLevel returns Warn for errors that an operator may have to look at, and Debug for those
// that only concern the caller.
func failureLevel(err error) slog.Level {
	switch Reason(err) {
	case "Forbidden", "Unauthorized", "NotInstalled", "Unavailable", "History", "UnknownOutcome", "Other":
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
