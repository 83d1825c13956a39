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

// rolloutFile is a rollout as a file has it.
type rolloutFile struct {
	Force   Backend `json:"force"`
	Percent float64 `json:"percent"`
	Salt    string  `json:"salt"`
}

// ParseRollout reads a rollout from YAML or JSON: force ("native", "legacy" or ""), percent and
// salt, each optional. An unknown field, or a value that is not allowed, is an error that names it
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

// FollowFile goes by a file, such as one that is mounted from a ConfigMap: it reads the file, as
// [ParseRollout] does, now and every so often (0 means [DefaultFollowEvery]), and sets the rollout each time that the file has
// changed. It blocks until ctx ends, and returns ctx's error. A file that cannot be read or
// understood changes nothing; report, if given, is told once for each such state of the file. What
// SetRollout sets meanwhile stays until the file changes.
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

// followedFile is a file, and what was found there last.
type followedFile struct {
	path   string
	data   []byte
	failed string // to read it
	looked bool
}

// look returns the rollout, or what is wrong, if the file is not as it was last time.
func (f *followedFile) look() (*Rollout, error) {
	data, err := os.ReadFile(f.path)
	if err != nil {
		same := f.failed == err.Error()
		f.failed, f.looked = err.Error(), false
		if same {
			return nil, nil //nolint:nilnil // there is no news
		}
		return nil, err
	}
	if f.looked && bytes.Equal(data, f.data) {
		return nil, nil //nolint:nilnil // as above
	}
	f.data, f.failed, f.looked = data, "", true
	rollout, err := ParseRollout(data)
	if err != nil {
		return nil, err
	}
	return &rollout, nil
}
