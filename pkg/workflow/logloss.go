package workflow

import (
	"fmt"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// LogsIncompleteError is the error of logs that were not read to their ends, since their pods
// were deleted before. It comes after the last line of all others. It unwraps to
// [ErrLogsIncomplete], or where the workflow was deleted or replaced, to an error that says so.
type LogsIncompleteError struct {
	Missing []MissingLog // at least one
	Err     error
}

// MissingLog is the log of a container of which lines may be missing.
type MissingLog struct {
	Pod       string // the pod's name
	Container string // the container's name in it
}

func (e *LogsIncompleteError) Unwrap() error { return e.Err }

func (e *LogsIncompleteError) Error() string {
	names := make([]string, len(e.Missing))
	for i, log := range e.Missing {
		names[i] = log.Pod + "/" + log.Container
	}
	return fmt.Sprintf("%v; deleted before their logs were read to the end (pod/container): %s", e.Err, shown.List(names))
}

// incomplete is the error of a sequence that ends with err, and lacks these logs.
func incomplete(missing []MissingLog, err error) error {
	if len(missing) == 0 {
		return err
	}
	if err == nil {
		err = ErrLogsIncomplete
	}
	return &LogsIncompleteError{Missing: missing, Err: err}
}

// missingLogs are those of sources that have been read.
func missingLogs(sources []*logSource) []MissingLog {
	var missing []MissingLog
	for _, s := range sources {
		if s.missing {
			missing = append(missing, MissingLog{Pod: s.line.Pod, Container: s.line.Container})
		}
	}
	return missing
}

// podGone ends the reading of a source whose pod was deleted. The last line, if it has no line
// feed, will not get one.
func (s *logSource) podGone(emit func(LogLine) error) error {
	rest := s.rest
	s.rest = logRest{}
	s.missing = (!s.complete || rest.long) && !s.reached
	if rest.key == 0 || rest.long || s.reached {
		return nil
	}
	s.position.note(rest.line)
	return s.pass(rest.line, emit)
}

// logDeleted reports whether err says that a log that there was is there no more.
func logDeleted(err error) bool {
	return apierrors.IsNotFound(err) || apierrors.IsBadRequest(err) && strings.Contains(err.Error(), " no logs available")
}
