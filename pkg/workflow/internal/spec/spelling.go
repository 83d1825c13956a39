package spec

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/shown"
)

// Misspelt returns the fields of a workflow's spec that are probably meant to be others, and the
// calls of templates that it does not have. The API server accepts "dependz", since Argo's minimal
// resource definitions have no schema, and the controller ignores it. A field that is just unknown
// passes: it may be one of a later Argo.
func Misspelt(path *field.Path, spec map[string]any) field.ErrorList {
	c := spellCheck{templates: map[string]bool{}}
	_, byReference := spec["workflowTemplateRef"]
	if c.complete = !byReference; c.complete {
		eachItem(path, spec["templates"], func(_ *field.Path, template map[string]any) {
			name, _ := template["name"].(string)
			c.templates[name] = true
		})
		c.hints = NewHints(slices.Collect(maps.Keys(c.templates)))
	}
	c.fields(path, spec, specFields())
	walk(path, spec, visitor{template: c.template, call: c.call})
	return append(c.problems, ignoredFields(path, spec)...)
}

// ignoredFields finds fields that Argo ignores since a later version. A lock that is given by
// itself is not among them: see [Normalize].
func ignoredFields(path *field.Path, spec map[string]any) (problems field.ErrorList) {
	if spec["podPriority"] != nil {
		problems = append(problems, field.Forbidden(path.Child("podPriority"),
			"Argo ignores it since 3.7; set podPriorityClassName to the name of a PriorityClass"))
	}
	return problems
}

type spellCheck struct {
	templates map[string]bool // by name
	complete  bool            // no other template can be called
	hints     Hints           // at the templates
	compared  int             // how many unknown fields were compared with the known ones
	problems  field.ErrorList
}

// mostCompared bounds the comparisons of unknown fields. There can be one for every few bytes of an
// object.
const mostCompared = 10_000

func (c *spellCheck) template(path *field.Path, template map[string]any) {
	c.fields(path, template, templateFields())
	if dag, ok := template["dag"].(map[string]any); ok {
		c.fields(path.Child("dag"), dag, []string{"failFast", "target", "tasks"})
	}
}

func (c *spellCheck) call(path *field.Path, call map[string]any, isTask bool) {
	if isTask { // Argo's decoder refuses unknown fields of a step, see closedType
		c.fields(path, call, append(callFields(), "dependencies", "depends"))
	}
	name, _ := call["template"].(string)
	if len(c.problems) < maxProblems && c.complete && name != "" && !strings.Contains(name, "{{") && !c.templates[name] {
		c.problems = append(c.problems, field.Invalid(path.Child("template"), shown.Name(name), "there is no such template"+c.hints.Near(name)))
	}
}

func (c *spellCheck) fields(path *field.Path, of map[string]any, known []string) {
	for _, key := range slices.Sorted(maps.Keys(of)) {
		if slices.Contains(known, key) || len(c.problems) >= maxProblems || c.compared >= mostCompared {
			continue
		}
		c.compared++
		if meant := slices.IndexFunc(known, func(name string) bool { return isSlip(key, name) }); meant >= 0 {
			c.problems = append(c.problems, field.Forbidden(path.Child(shown.Name(key)), fmt.Sprintf("did you mean %q?", known[meant])))
		}
	}
}

// isSlip reports whether key is probably a misspelling of name: they differ in case only, or in two
// letters of a longer word.
func isSlip(key, name string) bool {
	const most = 2
	longer := len(key) - len(name)
	return strings.EqualFold(key, name) || len(key) > 5 && max(longer, -longer) <= most && distance(key, name) <= most
}

// The fields that Argo 3.6 to 4.1 have; hack/bench/argocheck compares them with the types of 3.7 and 4.0. Of
// those that are new in 4.1 (executorPlugins, pendingTimeout, podResources, resourceClaims) all are in both lists.

func specFields() []string {
	return []string{
		"activeDeadlineSeconds", "affinity", "archiveLogs", "arguments", "artifactGC", "artifactRepositoryRef",
		"automountServiceAccountToken", "dnsConfig", "dnsPolicy", "entrypoint", "executor", "executorPlugins", "hooks", "hostAliases",
		"hostNetwork", "imagePullSecrets", "metrics", "nodeSelector", "onExit", "parallelism", "pendingTimeout",
		"podDisruptionBudget", "podGC", "podMetadata", "podPriorityClassName", "podResources", "podSpecPatch", "priority",
		"resourceClaims", "retryStrategy", "schedulerName", "securityContext", "serviceAccountName", "shutdown", "suspend",
		"synchronization", "templateDefaults", "templates", "tolerations", "ttlStrategy", "volumeClaimGC",
		"volumeClaimTemplates", "volumes", "workflowMetadata", "workflowTemplateRef",
	}
}

func templateFields() []string {
	return []string{
		"activeDeadlineSeconds", "affinity", "annotations", "archiveLocation", "automountServiceAccountToken", "container",
		"containerSet", "daemon", "dag", "data", "executor", "executorPlugins", "failFast", "hostAliases", "http",
		"initContainers", "inputs", "memoize", "metadata", "metrics", "name", "nodeSelector", "outputs", "parallelism",
		"pendingTimeout", "plugin", "podResources", "podSpecPatch", "priorityClassName", "resource", "resourceClaims",
		"retryStrategy", "schedulerName", "script", "securityContext", "serviceAccountName", "sidecars", "steps", "suspend",
		"synchronization", "timeout", "tolerations", "volumes",
	}
}

func callFields() []string {
	return []string{
		"arguments", "continueOn", "hooks", "inline", "name", "onExit", "template", "templateRef", "when", "withItems",
		"withParam", "withSequence",
	}
}
