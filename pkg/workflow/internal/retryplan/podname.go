package retryplan

import (
	"hash/fnv"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// PodName returns the name that the controller gives the pod of n, a node of the workflow wf: the
// node's ID in the old format, a name made of workflow, template and node in the new one. Node and
// annotation can be written by anyone who can write the workflow, so the result need not be a valid
// name, and a pod of that name need not be the workflow's.
func PodName(wf *unstructured.Unstructured, n *status.Node) string {
	name := wf.GetName()
	if wf.GetAnnotations()[naming.AnnotationPodNames] == "v1" {
		return n.ID
	}
	if n.Name == name {
		return name
	}
	template := n.TemplateName
	if n.TemplateRef.Name != "" {
		template = n.TemplateRef.Template
	}
	if template != "" {
		name += "-" + template
	}
	const longest = 253 - 1 - 10 // a dash, and the most digits that the hash can have
	if len(name) > longest {
		name = name[:longest]
	}
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(n.Name)) // never fails
	return name + "-" + strconv.FormatUint(uint64(hash.Sum32()), 10)
}
