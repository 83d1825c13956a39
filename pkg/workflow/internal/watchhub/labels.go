package watchhub

import (
	"maps"
	"strings"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

// commonLabels are the labels that all watched workflows have in common and will probably keep. A
// watch of the namespace selects by them, so that workflows that no call follows are not sent.
type commonLabels struct {
	labels   map[string]string
	selector string // "" if there are no labels
}

func newCommonLabels(of map[string]string) *commonLabels {
	kept := maps.Clone(of)
	maps.DeleteFunc(kept, func(key, _ string) bool { return !lasting(key) })
	return &commonLabels{labels: kept, selector: labels.SelectorFromValidatedSet(kept).String()}
}

// lasting reports whether a label keeps its value: of Argo's own labels, only those that say where
// a workflow comes from and which controller it is for.
func lasting(key string) bool {
	switch key {
	case naming.LabelTemplate, naming.LabelClusterTemplate, naming.LabelCron, naming.LabelInstanceID, naming.LabelResubmitted:
		return true
	}
	return !strings.HasPrefix(key, naming.ArgoPrefix)
}

// any reports whether there are common labels.
func (c *commonLabels) any() bool { return c != nil && len(c.labels) > 0 }

// intersect drops what a state of a workflow does not have.
func (c *commonLabels) intersect(with map[string]string) {
	before := len(c.labels)
	maps.DeleteFunc(c.labels, func(key, value string) bool {
		other, ok := with[key]
		return !ok || other != value
	})
	if len(c.labels) < before {
		c.selector = labels.SelectorFromValidatedSet(c.labels).String()
	}
}
