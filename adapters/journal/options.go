package journal

import (
	"errors"
	"fmt"
	"time"
)

// DefaultRetention is the default of [Options.Retention].
const DefaultRetention = 30 * 24 * time.Hour

// DefaultMaxObject is the default of [Options.MaxObject].
const DefaultMaxObject = 256 << 10

// Options configure a [Journal]. The zero value is ready to use.
type Options struct {
	// Cluster tells the workflows of one Kubernetes cluster from those of others in the same database: a
	// journal neither finds nor deletes what another Cluster's has recorded. Set it, the same in all
	// processes, if clients of several clusters share a database; a namespace and a key can be the same in
	// two. The default is the empty name. It has at most 253 bytes.
	Cluster string
	// Retention is how long a workflow is kept at least after it was last recorded, with its decisions and
	// its idempotency key. After that the key is free again. A workflow is recorded when it is started, or
	// found by its key, and when a state of it is seen that is watched or has ended, changed or not. 0 means
	// [DefaultRetention]; the minimum is a minute; a negative value keeps everything. Of the processes that
	// share a journal, the one with the shortest Retention deletes. The key of a start that is not resolved is
	// kept until [Journal.Release].
	Retention time.Duration
	// Parameters makes the journal keep the arguments of workflows. Secrets among them are masked.
	Parameters bool
	// MaxObject is the most bytes of JSON that are kept of a workflow. If it has more, its nodes are left
	// out, and then its outputs. 0 means [DefaultMaxObject]; the minimum is 16 KiB.
	MaxObject int
	// OnError, if set, is called for each failure to store a state or a decision, to release the key of a
	// start that was refused, or to delete what is too old. All of that is done later, when the database is
	// back. OnError must be safe for concurrent use, and must return soon.
	OnError func(error)
}

const leastObject, longestCluster = 16 << 10, 253

func (o Options) withDefaults() (Options, error) {
	if o.Retention == 0 {
		o.Retention = DefaultRetention
	}
	if o.MaxObject == 0 {
		o.MaxObject = DefaultMaxObject
	}
	if o.OnError == nil {
		o.OnError = func(error) {}
	}
	var problems []error
	if o.Retention > 0 && o.Retention < time.Minute {
		problems = append(problems, fmt.Errorf("options.retention: must be 0 (the default), negative (forever), or at least a minute, not %s", o.Retention))
	}
	if o.MaxObject < leastObject {
		problems = append(problems, fmt.Errorf("options.maxObject: must be 0 (the default) or at least %d, not %d", leastObject, o.MaxObject))
	}
	if len(o.Cluster) > longestCluster || o.Cluster != column(o.Cluster) {
		problems = append(problems, fmt.Errorf("options.cluster: must be at most %d bytes of UTF-8 without NUL", longestCluster))
	}
	return o, errors.Join(problems...)
}
