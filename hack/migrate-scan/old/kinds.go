package old

import "strings"

// Unknown stands, within the words of a command, for text that is only known when it runs.
const Unknown = "\x00"

// hasUnknown reports whether a part of a word isn't known.
func hasUnknown(word string) bool { return strings.Contains(word, Unknown) }

// Shown is a command as people write it, with … for what isn't known.
func Shown(words []string) string {
	shown := make([]string, 0, len(words))
	for _, word := range words {
		word = strings.Join(strings.Fields(word), " ")
		for strings.Contains(word, Unknown+Unknown) {
			word = strings.ReplaceAll(word, Unknown+Unknown, Unknown)
		}
		shown = append(shown, strings.ReplaceAll(word, Unknown, "…"))
	}
	text := strings.Join(shown, " ")
	const most = 80
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most-1]) + "…"
	}
	return text
}

// kind is a kind of Kubernetes objects, as far as it matters here.
type kind int

const (
	otherKind kind = iota
	workflowKind
	templateKind // and all else of Argo that the library doesn't manage
)

// kindOf tells the kind that a resource is of, in any spelling that kubectl takes.
func kindOf(resource string) kind {
	name, _, _ := strings.Cut(strings.ToLower(resource), "/")
	name, group, qualified := strings.Cut(name, ".")
	if qualified && !strings.HasSuffix("."+group, ".argoproj.io") {
		return otherKind
	}
	switch name {
	case "workflow", "workflows", "wf":
		return workflowKind
	case "workflowtemplate", "workflowtemplates", "wftmpl",
		"clusterworkflowtemplate", "clusterworkflowtemplates", "clusterwftmpl", "cwft",
		"cronworkflow", "cronworkflows", "cwf", "cronwf",
		"workflowtaskset", "workflowtasksets", "wfts", "workflowtaskresult", "workflowtaskresults",
		"workflowartifactgctask", "workflowartifactgctasks", "wfat",
		"workfloweventbinding", "workfloweventbindings", "wfeb":
		return templateKind
	}
	return otherKind
}

// ofWorkflow reports whether a label selector is about the pods of workflows.
func ofWorkflow(selector string) bool { return strings.Contains(selector, "workflows.argoproj.io/") }
