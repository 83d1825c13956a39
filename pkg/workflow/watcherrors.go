package workflow

import (
	"errors"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow/internal/source"
)

var errMute = source.ErrIdle

// watchFor and steady are for watches of pods.
const (
	watchFor = 4 * time.Minute
	steady   = source.StableAfter
)

// watchError is an error that came as an event of a watch of pods.
type watchError struct{ err error }

func (e *watchError) Error() string { return e.err.Error() }
func (e *watchError) Unwrap() error { return e.err }

// passing reports whether following can go on after err.
func passing(err error) bool {
	var ended *watchError
	return errors.As(err, &ended) || source.Resumable(err)
}
