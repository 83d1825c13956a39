package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// misspelt finds the fields of a workflow's spec that are probably meant to be others, and
// calls of templates that it doesn't have. Argo's minimal resource definitions have no
// schema, so the API server takes "dependz", and the controller looks past it. A field that
// is just unknown may be one of a later Argo, so it passes.
func misspelt(path *field.Path, spec map[string]any) field.ErrorList {
	m := misspellings{templates: map[string]bool{}}
	_, byReference := spec["workflowTemplateRef"]
	if m.callable = !byReference; m.callable {
		eachItem(path, spec["templates"], func(_ *field.Path, template map[string]any) {
			name, _ := template["name"].(string)
			m.templates[name] = true
		})
		m.hints = newHints(slices.Collect(maps.Keys(m.templates)))
	}
	m.fields(path, spec, specFields())
	eachItem(path.Child("templates"), spec["templates"], m.template)
	if defaults, ok := spec["templateDefaults"].(map[string]any); ok {
		m.template(path.Child("templateDefaults"), defaults)
	}
	return append(m.problems, ignoredFields(path, spec)...)
}

// ignoredFields finds fields that Argo once had and now looks past. A lock that is given by itself
// is none of them: it is sent as a list, which every version reads.
func ignoredFields(path *field.Path, spec map[string]any) (problems field.ErrorList) {
	if spec["podPriority"] != nil {
		problems = append(problems, field.Forbidden(path.Child("podPriority"),
			"Argo ignores it since 3.7; set podPriorityClassName to the name of a PriorityClass"))
	}
	return problems
}

type misspellings struct {
	templates map[string]bool
	callable  bool  // templates are all that can be called
	hints     hints // of these
	compared  int   // fields that Argo does not have
	problems  field.ErrorList
}

// mostCompared is how many fields that Argo does not have are held against those that it has. There can
// be one for every few bytes of an object.
const mostCompared = 10_000

func (m *misspellings) template(path *field.Path, template map[string]any) {
	m.fields(path, template, templateFields())
	groups, _ := template["steps"].([]any)
	for i, group := range groups {
		eachItem(path.Child("steps").Index(i), group, func(path *field.Path, step map[string]any) {
			m.call(path, step, nil) // a field of any other name is refused as one that Argo cannot decode
		})
	}
	if dag, ok := template["dag"].(map[string]any); ok {
		path = path.Child("dag")
		m.fields(path, dag, []string{"failFast", "target", "tasks"})
		eachItem(path.Child("tasks"), dag["tasks"], func(path *field.Path, task map[string]any) {
			m.call(path, task, append(callFields(), "dependencies", "depends"))
		})
	}
}

// call looks at a step or task.
func (m *misspellings) call(path *field.Path, call map[string]any, known []string) {
	m.fields(path, call, known)
	if inline, ok := call["inline"].(map[string]any); ok {
		m.template(path.Child("inline"), inline)
	}
	name, _ := call["template"].(string)
	if len(m.problems) < mostProblems && m.callable && name != "" && !strings.Contains(name, "{{") && !m.templates[name] {
		m.problems = append(m.problems, field.Invalid(path.Child("template"), shownName(name), "there is no such template"+m.hints.near(name)))
	}
}

func (m *misspellings) fields(path *field.Path, of map[string]any, known []string) {
	for _, key := range slices.Sorted(maps.Keys(of)) {
		// Two letters off in a longer word are a slip; names that differ in case only are, too.
		if slices.Contains(known, key) || len(m.problems) >= mostProblems || m.compared >= mostCompared {
			continue
		}
		m.compared++
		meant := slices.IndexFunc(known, func(name string) bool {
			longer := len(key) - len(name) // sets a limit to what distance takes
			return strings.EqualFold(key, name) || len(key) > 5 && max(longer, -longer) <= 2 && distance(key, name) <= 2
		})
		if meant >= 0 {
			m.problems = append(m.problems, field.Forbidden(path.Child(shownName(key)), fmt.Sprintf("did you mean %q?", known[meant])))
		}
	}
}

// The fields that Argo 3.6 to 4.x have; hack/argocheck compares them with Argo's types.

func specFields() []string {
	return []string{
		"activeDeadlineSeconds", "affinity", "archiveLogs", "arguments", "artifactGC", "artifactRepositoryRef",
		"automountServiceAccountToken", "dnsConfig", "dnsPolicy", "entrypoint", "executor", "hooks", "hostAliases", "hostNetwork",
		"imagePullSecrets", "metrics", "nodeSelector", "onExit", "parallelism", "podDisruptionBudget", "podGC", "podMetadata",
		"podPriorityClassName", "podSpecPatch", "priority", "retryStrategy", "schedulerName", "securityContext",
		"serviceAccountName", "shutdown", "suspend", "synchronization", "templateDefaults", "templates", "tolerations",
		"ttlStrategy", "volumeClaimGC", "volumeClaimTemplates", "volumes", "workflowMetadata", "workflowTemplateRef",
	}
}

func templateFields() []string {
	return []string{
		"activeDeadlineSeconds", "affinity", "annotations", "archiveLocation", "automountServiceAccountToken", "container",
		"containerSet", "daemon", "dag", "data", "executor", "failFast", "hostAliases", "http", "initContainers", "inputs",
		"memoize", "metadata", "metrics", "name", "nodeSelector", "outputs", "parallelism", "plugin", "podSpecPatch",
		"priorityClassName", "resource", "retryStrategy", "schedulerName", "script", "securityContext", "serviceAccountName",
		"sidecars", "steps", "suspend", "synchronization", "timeout", "tolerations", "volumes",
	}
}

func callFields() []string {
	return []string{
		"arguments", "continueOn", "hooks", "inline", "name", "onExit", "template", "templateRef", "when", "withItems",
		"withParam", "withSequence",
	}
}
