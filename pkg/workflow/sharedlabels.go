package workflow

import (
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/labels"
)

// sharedLabels are the labels that workflows have in common, and will keep as far as one can
// tell. By these a watch of the namespace spares what nobody follows.
type sharedLabels struct {
	labels   map[string]string
	selector string // of what has them; "": there are none
}

func newSharedLabels(of map[string]string) *sharedLabels {
	kept := maps.Clone(of)
	maps.DeleteFunc(kept, func(key, _ string) bool { return !lasting(key) })
	return &sharedLabels{labels: kept, selector: labels.SelectorFromValidatedSet(kept).String()}
}

// lasting tells labels that stay as they are from those that Argo changes: of its own only
// what says where a workflow comes from and whose it is.
func lasting(key string) bool {
	if !strings.HasPrefix(key, argoPrefix) {
		return true
	}
	switch key {
	case labelTemplate, labelClusterTemplate, labelCron, labelInstanceID, labelResubmitted:
		return true
	}
	return false
}

// any reports whether there are shared labels.
func (s *sharedLabels) any() bool { return s != nil && len(s.labels) > 0 }

// intersect drops what a state of a workflow doesn't share.
func (s *sharedLabels) intersect(with map[string]string) {
	before := len(s.labels)
	maps.DeleteFunc(s.labels, func(key, value string) bool {
		other, ok := with[key]
		return !ok || other != value
	})
	if len(s.labels) < before {
		s.selector = labels.SelectorFromValidatedSet(s.labels).String()
	}
}
