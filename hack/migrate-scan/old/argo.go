package old

import "strings"

const argoValues = `n namespace context cluster user kubeconfig s argo-server token as as-group as-uid request-timeout
	certificate-authority client-key client-certificate tls-server-name loglevel gloglevel instanceid H header username password
	argo-base-href argo-http1-path o output l selector from p parameter parameter-file entrypoint name generate-name
	serviceaccount labels priority scheduled-time node-field-selector message c container grep since since-time tail
	field-selector older newer prefix chunk-size status output-parameter phase timeout`

// Argo looks at the arguments of the argo CLI; ok is false where they are not about workflows.
func Argo(args []string) (u Use, ok bool) {
	o := parseOptions(args, func(name string) bool { return anyOf(name, argoValues) })
	if len(o.words) == 0 {
		return Use{}, false
	}
	verb := o.words[0]
	r, ok := argoVerb(verb, o)
	if !ok {
		return Use{}, false
	}
	u = Use{Rule: RuleArgo, Sure: Certain, Replacement: r, Vague: hasUnknown(verb)}
	return u.as("argo " + verb), true
}

func argoVerb(verb string, o options) (r Replacement, ok bool) {
	switch verb {
	case "submit":
		return submit(o), true
	case "get":
		return Replacement{New: "client.Get(ctx, name)", Note: "state.WriteTree shows it to people"}, true
	case "list":
		return Replacement{New: "client.List(ctx, workflow.ListOptions{})"}, true
	case "logs":
		if o.has("f", "follow") {
			return Replacement{New: "client.Logs(ctx, name, workflow.LogOptions{Follow: true})"}, true
		}
		return Replacement{New: "client.Logs(ctx, name, workflow.LogOptions{})"}, true
	case "wait":
		return Replacement{New: "client.Wait(ctx, name, workflow.Completed)", Note: "workflow.WaitMany for several"}, true
	case "watch":
		return Replacement{New: "client.Watch(ctx, name)", Note: "state.WriteTree shows each state to people"}, true
	case "resume":
		return Replacement{New: "client.Resume(ctx, name, workflow.ResumeOptions{})", Note: "with --node-field-selector: client.Approve with Selector"}, true
	case "suspend":
		return Replacement{New: "client.Suspend(ctx, name, workflow.SuspendOptions{})"}, true
	case "stop":
		return Replacement{New: "client.Stop(ctx, name, workflow.StopOptions{})", Note: "with --node-field-selector: client.Reject with Selector"}, true
	case "terminate":
		return Replacement{New: "client.Terminate(ctx, name, workflow.TerminateOptions{})"}, true
	case "delete":
		return Replacement{New: "client.Delete(ctx, name, workflow.DeleteOptions{})"}, true
	case "retry":
		return Replacement{New: "client.Retry(ctx, name, workflow.RetryOptions{})"}, true
	case "resubmit":
		return Replacement{New: "client.Resubmit(ctx, name, workflow.ResubmitOptions{})"}, true
	case "node":
		return Replacement{New: "client.Approve(ctx, name, workflow.Decision{Selector: selector, Outputs: outputs})",
			Note: "to fail a gate: client.Reject"}, true
	case "lint":
		return Replacement{New: "client.Start(ctx, workflow.StartRequest{Manifest: manifest, DryRun: true})",
			Note: "checks what concerns the caller, for Workflows only"}, true
	case "archive", "cp":
		return Replacement{Note: "no replacement: archive and artifacts are not covered"}, true
	case "template", "cluster-template", "cron":
		return Replacement{Note: "no replacement: templates and CronWorkflows are not managed"}, true
	}
	if hasUnknown(verb) { // argo "$action" "$name"
		return Replacement{Note: "depends on the subcommand, which isn't known here"}, true
	}
	return Replacement{}, false
}

func submit(o options) Replacement {
	from := o.value("from")
	kind, _, _ := strings.Cut(from, "/")
	switch {
	case from == "":
		return Replacement{New: "client.Start(ctx, workflow.StartRequest{Manifest: manifest})", Note: "--wait and --watch are calls of their own"}
	case anyOf(kind, "cronwf cronworkflow cronworkflows cwf"):
		return Replacement{New: "client.Start(ctx, workflow.StartRequest{CronWorkflow: template})"}
	case anyOf(kind, "cwft clusterworkflowtemplate clusterworkflowtemplates clusterwftmpl"):
		return Replacement{New: "client.Start(ctx, workflow.StartRequest{Template: template, ClusterScope: true})"}
	}
	return Replacement{New: "client.Start(ctx, workflow.StartRequest{Template: template, Parameters: parameters})"}
}
