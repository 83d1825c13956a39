package legacy

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/strictyaml"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// rolloutFile is the form of a rollout in a file.
type rolloutFile struct {
	Force   workflow.Backend `json:"force"`
	Percent float64          `json:"percent"`
	Salt    string           `json:"salt"`
}

// ParseRollout parses a rollout in YAML or JSON with the optional fields force ("native", "kubectl"
// or ""), percent and salt. An unknown field or an invalid value is an error that names the field
// and matches [workflow.ErrInvalid].
func ParseRollout(data []byte) (Rollout, error) {
	var file rolloutFile
	if err := strictyaml.Unmarshal(data, &file); err != nil {
		return Rollout{}, fmt.Errorf("%w: %w", workflow.ErrInvalid, err)
	}
	r := Rollout(file)
	if problems := r.check(nil); len(problems) > 0 {
		return Rollout{}, &workflow.InvalidError{Problems: problems}
	}
	return r, nil
}

// DefaultFollowEvery is how often FollowFile reads its file.
const DefaultFollowEvery = 10 * time.Second

// FollowFile sets the rollout from a file, such as one that is mounted from a ConfigMap. It reads
// the file now and at the given interval (0 means [DefaultFollowEvery]), parses it with
// [ParseRollout], and sets the rollout whenever the file has changed. It blocks until ctx ends, and
// returns ctx.Err().
//
// A file that cannot be read or parsed does not change the rollout. report, if not nil, is called
// once for each such state of the file. A rollout that is set by SetRollout stays until the file
// changes.
func (r *Router) FollowFile(ctx context.Context, path string, every time.Duration, report func(error)) error {
	if every <= 0 {
		every = DefaultFollowEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	f := followedFile{path: path}
	for {
		rollout, err := f.look()
		switch {
		case err != nil && report != nil:
			report(fmt.Errorf("rollout file %s: %w", path, err))
		case rollout != nil:
			r.rollout.Store(rollout)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// followedFile is a file with what was read last.
type followedFile struct {
	path   string
	data   []byte
	failed string // the last error of reading it
	valid  bool   // data was read last
}

// look returns the rollout or the error if the file has changed since the last call.
func (f *followedFile) look() (*Rollout, error) {
	data, err := os.ReadFile(f.path)
	if err != nil {
		same := f.failed == err.Error()
		f.failed, f.valid = err.Error(), false
		if same {
			return nil, nil //nolint:nilnil // unchanged
		}
		return nil, err
	}
	if f.valid && bytes.Equal(data, f.data) {
		return nil, nil //nolint:nilnil // as above
	}
	f.data, f.failed, f.valid = data, "", true
	rollout, err := ParseRollout(data)
	if err != nil {
		return nil, err
	}
	return &rollout, nil
}
