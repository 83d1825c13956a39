package workflow

import (
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// logFilter is what is left to do of [LogOptions], checked.
type logFilter struct {
	selector   status.NodeSelector
	containers []string
	since      time.Time // zero: no matter
	tail       *int64
	limit      int64 // 0: none
	previous   bool
}

// filter checks name and options.
func (o LogOptions) filter(name string, now time.Time) (*logFilter, error) {
	selector, problems := nodeSelector(field.NewPath("selector"), o.Selector)
	var malformed *InvalidError
	if err := checkName(name); errors.As(err, &malformed) {
		problems = append(malformed.Problems, problems...)
	}
	f := &logFilter{
		selector: selector, containers: o.Containers, since: o.SinceTime, tail: o.Tail, limit: o.LimitBytes, previous: o.Previous,
	}
	for i, container := range o.Containers {
		for _, msg := range validation.IsDNS1123Label(container) {
			problems = append(problems, field.Invalid(field.NewPath("containers").Index(i), container, msg))
		}
	}
	since := field.NewPath("since")
	if o.Since < 0 {
		problems = append(problems, field.Invalid(since, o.Since.String(), "must be 0 (no matter how old) or more"))
	}
	if o.Since != 0 && !o.SinceTime.IsZero() {
		problems = append(problems, field.Forbidden(since, "not together with sinceTime"))
	}
	if o.Since > 0 {
		f.since = now.Add(-o.Since)
	}
	if o.Tail != nil && *o.Tail < 0 {
		problems = append(problems, field.Invalid(field.NewPath("tail"), *o.Tail, "must be 0 or more; leave it out for all lines"))
	}
	if o.LimitBytes < 0 {
		problems = append(problems, field.Invalid(field.NewPath("limitBytes"), o.LimitBytes, "must be 0 (no limit) or more"))
	}
	if o.Previous && o.Follow {
		problems = append(problems, field.Forbidden(field.NewPath("previous"), "not together with follow: a previous instance has ended"))
	}
	if len(problems) > 0 {
		return nil, invalid(problems...)
	}
	return f, nil
}

// readable returns an error if it takes the workflow's nodes to select pods, and they are not
// known.
func (f *logFilter) readable(s *status.WorkflowStatus) error {
	if f.selector.Empty() {
		return nil
	}
	return s.NodesErr
}

func (f *logFilter) wantsContainer(name string) bool {
	return len(f.containers) == 0 || slices.Contains(f.containers, name)
}
