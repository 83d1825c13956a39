package workflow

import (
	"context"
	"log/slog"
	"time"
)

// NewLogObserver returns an [Observer] that logs to handler. It puts no value of a parameter and no
// credential into a line: there is the operation, namespace, workflow and backend, how long it took, the
// [Reason] and the text of an error. That has words of others, which can repeat a value: names of nodes,
// of which Argo makes the item of a loop a part, and messages of steps. The levels are:
//
//   - Debug: an operation that has read or followed, or was a dry run; one that the caller's own mistake or the end
//     of its context has ended; an attempt repeated after a [ErrConflict]; watches that open and close.
//   - Info: an operation that was to change something and has succeeded; a workflow that has ended.
//     A Start or Resubmit says whether it has found its workflow or created it, and how that stands:
//     with found=true and outcome=Stopped, its key is that of a workflow that was stopped.
//   - Warn: what somebody who operates the host may have to look at: no permission, no API server, an
//     unknown outcome, an unexpected error; attempts repeated and watches lost for such a reason;
//     Kubernetes Events that could not be recorded.
//
// There is no Error: whether a call's failure matters, its caller knows. A nil handler logs nothing.
func NewLogObserver(handler slog.Handler) Observer {
	if handler == nil {
		handler = slog.DiscardHandler
	}
	return &logObserver{log: slog.New(handler)}
}

type logObserver struct {
	NoObserver

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
	l.log.LogAttrs(ctx, level, string(call.Op), withError(attrs, err)...)
}

// Note implements [Observer].
func (l *logObserver) Note(ctx context.Context, event Event) {
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
	default: // of these, the operation's own line tells
		return
	}
	l.log.LogAttrs(ctx, level, text, attrs...)
}

func subject(backend, namespace, name string) []slog.Attr {
	attrs := []slog.Attr{slog.String("backend", backend), slog.String("namespace", namespace)}
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

// failureLevel tells the caller's own affairs from what somebody has to look at.
func failureLevel(err error) slog.Level {
	switch Reason(err) {
	case "Forbidden", "Unauthorized", "NotInstalled", "Unavailable", "UnknownOutcome", "Other":
		return slog.LevelWarn
	}
	return slog.LevelDebug
}
