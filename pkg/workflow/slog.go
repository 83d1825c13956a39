package workflow

import "log/slog"

// NewLogObserver returns an observer that writes to a log.
func NewLogObserver(handler slog.Handler) Observer { return Observers() }
