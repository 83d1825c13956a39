package old

import (
	"encoding/json"
	"strings"
)

const kubectlGlobal = `n namespace context cluster user kubeconfig s server token as as-group as-uid request-timeout
	certificate-authority client-key client-certificate cache-dir tls-server-name v profile profile-output username password
	log-file log-dir vmodule kuberc`

const kubectlLocal = `o output l selector f filename k kustomize field-selector p patch patch-file type for timeout c container tail since
	since-time sort-by template subresource image overrides restart field-manager dry-run cascade grace-period L label-columns
	chunk-size raw limit-bytes max-log-requests pod-running-timeout labels annotations env port serviceaccount`

// kubectlFlag reports whether a flag of kubectl takes a value. Of those that take one only after
// an equals sign, such as --dry-run, it says no.
func kubectlFlag(name string) bool {
	switch name {
	case "dry-run", "cascade":
		return false
	}
	return anyOf(name, kubectlGlobal, kubectlLocal)
}

// Kubectl looks at the arguments of kubectl; ok is false where they are not about workflows.
func Kubectl(args []string) (u Use, ok bool) {
	o := parseOptions(args, kubectlFlag)
	if len(o.words) == 0 {
		return Use{}, false
	}
	if o.words[0] == "logs" { // where -f is to follow, and -p to look back
		o = parseOptions(args, func(name string) bool { return name != "f" && name != "p" && kubectlFlag(name) })
	}
	verb := o.words[0]
	u = Use{Rule: RuleKubectl, Sure: Certain, Vague: hasUnknown(verb)}
	o.words = o.words[1:]
	resource, named := target(o)
	switch verb {
	case "create", "apply", "replace":
		return manifest(u, verb, o)
	case "logs", "log":
		if ofWorkflow(o.value("l", "selector")) {
			u.New, u.Note = "client.Logs(ctx, name, workflow.LogOptions{})", "of all containers, merged by time; Follow: true for -f"
			if o.has("f", "follow") {
				u.New, u.Note = "client.Logs(ctx, name, workflow.LogOptions{Follow: true})", "of all containers, merged by time"
			}
			return u.as("kubectl logs of a workflow's pods"), true
		}
		return Use{}, false
	case "run", "exec", "debug", "attach", "explain", "api-resources", "config", "cp", "port-forward", "proxy", "auth":
		return Use{}, false
	}
	kind := kindOf(resource)
	switch {
	case kind == templateKind:
		u.Note = "no replacement: templates and CronWorkflows are not managed; Start reads and checks the template itself"
		return u.as("kubectl " + verb + " " + resourceName(resource)), true
	case kind == workflowKind:
		u.Replacement = workflowVerb(verb, o, named)
		return u.as("kubectl " + verb + " " + resourceName(resource)), true
	case ofWorkflow(o.value("l", "selector")):
		u.Note = "no replacement: the library reads nodes and logs, and leaves other objects alone"
		if verb == "get" || verb == "describe" {
			u.New, u.Note = "client.Get(ctx, name)", "the state's Nodes are what the pods run"
		}
		return u.as("kubectl " + verb + " " + resourceName(resource) + " of a workflow"), true
	}
	return Use{}, false
}

func (u Use) as(text string) Use {
	u.Old = Shown([]string{text})
	return u
}

// resourceName is the resource without the name that can be behind it.
func resourceName(resource string) string {
	name, _, _ := strings.Cut(resource, "/")
	return name
}

// target finds the resource that a command is about, preferring workflows in a list of several,
// and whether one of them is named.
func target(o options) (resource string, named bool) {
	words := o.words
	if len(words) > 0 && anyOf(words[0], "status history undo restart pause resume") && len(words) > 1 { // of rollout
		words = words[1:]
	}
	if len(words) == 0 {
		return "", false
	}
	resource = words[0]
	for one := range strings.SplitSeq(resource, ",") {
		if kindOf(one) == workflowKind {
			resource = one
			break
		}
	}
	return resource, strings.Contains(resource, "/") || len(words) > 1
}

// workflowVerb says what replaces a verb on workflows.
func workflowVerb(verb string, o options, named bool) Replacement {
	switch verb {
	case "get":
		switch {
		case o.has("w", "watch", "watch-only"):
			return Replacement{New: "client.Watch(ctx, name)", Note: "follows one workflow; the last state ends the loop"}
		case named && o.value("l", "selector") == "":
			return Replacement{New: "client.Get(ctx, name)"}
		case o.has("A", "all-namespaces"):
			return Replacement{New: "client.List(ctx, workflow.ListOptions{})", Note: "a client is for one namespace: use one for each"}
		}
		return Replacement{New: "client.List(ctx, workflow.ListOptions{})", Note: "-l is LabelSelector"}
	case "describe":
		return Replacement{New: "client.Get(ctx, name)", Note: "state.WriteTree shows it to people"}
	case "wait":
		if strings.Contains(o.value("for"), "delete") {
			return Replacement{New: "client.Delete(ctx, name, workflow.DeleteOptions{Wait: true})", Note: "deletes and waits until it is gone"}
		}
		return Replacement{New: "client.Wait(ctx, name, workflow.Completed)", Note: "or workflow.Suspended, or a condition of your own"}
	case "delete":
		if !named || o.has("all") || o.value("l", "selector") != "" {
			return Replacement{New: "client.Delete(ctx, state.Name, workflow.DeleteOptions{UID: state.UID})", Note: "for each that client.List yields"}
		}
		return Replacement{New: "client.Delete(ctx, name, workflow.DeleteOptions{})"}
	case "patch":
		return patch(o)
	}
	if hasUnknown(verb) {
		return Replacement{Note: "depends on the verb, which isn't known here"}
	}
	return Replacement{Note: "no replacement: there is nothing like kubectl " + verb}
}

// patch says what replaces a patch, by its content.
func patch(o options) Replacement {
	text := o.value("p", "patch")
	var body struct {
		Spec   map[string]any `json:"spec"`
		Status map[string]any `json:"status"`
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(text, Unknown, "?")), &body); err == nil {
		suspend, suspends := body.Spec["suspend"]
		switch {
		case body.Spec["shutdown"] == "Stop":
			return Replacement{New: "client.Stop(ctx, name, workflow.StopOptions{})"}
		case body.Spec["shutdown"] == "Terminate":
			return Replacement{New: "client.Terminate(ctx, name, workflow.TerminateOptions{})"}
		case suspends && suspend == true:
			return Replacement{New: "client.Suspend(ctx, name, workflow.SuspendOptions{})"}
		case suspends:
			return Replacement{New: "client.Resume(ctx, name, workflow.ResumeOptions{})"}
		case body.Status != nil:
			return Replacement{New: "client.Approve(ctx, name, workflow.Decision{All: true})"}
		}
	}
	for _, other := range []struct{ part, call string }{ // such as of a JSON patch, or with parts that aren't known
		{"Terminate", "client.Terminate(ctx, name, workflow.TerminateOptions{})"},
		{"shutdown", "client.Stop(ctx, name, workflow.StopOptions{})"},
		{"suspend", "client.Suspend(ctx, name, workflow.SuspendOptions{})"},
		{"nodes", "client.Approve(ctx, name, workflow.Decision{All: true})"},
	} {
		if strings.Contains(text, other.part) {
			return Replacement{New: other.call, Note: "guessed by the patch's text"}
		}
	}
	return Replacement{Note: "no replacement for patches at large: Suspend, Resume, Approve, Stop and Terminate are those that matter"}
}

// manifest looks at what is created from a file, whose name is all that can be known of it.
func manifest(u Use, verb string, o options) (Use, bool) {
	u.New = "client.Start(ctx, workflow.StartRequest{Manifest: manifest})"
	u.Note = "if the file is a Workflow"
	if verb == "replace" {
		u.New, u.Note = "", "no replacement: if the file is a Workflow, delete the old one and start anew"
	}
	file := o.value("f", "filename")
	lower := strings.ToLower(file)
	switch {
	case file == "" || verb == "create" && len(o.words) > 0 && kindOf(o.words[0]) == otherKind:
		return Use{}, false
	case strings.Contains(lower, "template") || strings.Contains(lower, "cron"):
		u.New, u.Note = "", "no replacement: templates and CronWorkflows are not managed"
		u.Sure = Possible
		if !strings.Contains(lower, "workflow") {
			return Use{}, false
		}
	case strings.Contains(lower, "workflow") || strings.Contains(lower, "wf"):
		u.Sure = Likely
	case file == "-" || hasUnknown(file):
		u.Sure = Possible
	default:
		return Use{}, false
	}
	return u.as("kubectl " + verb + " -f " + file), true
}
