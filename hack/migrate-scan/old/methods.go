package old

import "strings"

// Method is a method of ArgoService.
type Method struct {
	Name string
	// Call replaces it, Value the value of its result.
	Call, Value Replacement
	Waits       bool // so that it can end in TimeoutError
}

// Methods returns those of ArgoService.
func Methods() []Method {
	const noTime = "the context's deadline is the timeout, and there is no interval"
	nothing := Replacement{New: "err", Note: "there is no value: the error says all"}
	phase := Replacement{New: "state.Phase", Note: "of the state that Wait returns"}
	return []Method{
		{Name: "start_workflow", Call: Replacement{
			New:  "client.Start(ctx, workflow.StartRequest{Template: template, Entrypoint: entrypoint, Parameters: parameters})",
			Note: "other options go into Spec",
		}, Value: Replacement{New: "started.Name", Note: "of what Start returns"}},
		{Name: "resume_workflow", Call: Replacement{
			New:  "client.Resume(ctx, name, workflow.ResumeOptions{})",
			Note: "one gate, or with outputs: client.Approve; that no gate waits is workflow.ErrNotSuspended there",
		}, Value: nothing},
		{Name: "stop_workflow", Call: Replacement{
			New:  "client.Stop(ctx, name, workflow.StopOptions{})",
			Note: "the outcome is status.OutcomeStopped, in the phase Failed",
		}, Value: nothing},
		{Name: "delete_workflow", Call: Replacement{
			New:  "client.Delete(ctx, name, workflow.DeleteOptions{})",
			Note: "with Wait: true it returns when the workflow is gone",
		}, Value: nothing},
		{Name: "get_workflow_status", Call: Replacement{
			New:  "client.Get(ctx, name)",
			Note: "returns a typed state",
		}, Value: Replacement{New: "state.Phase", Note: "and state.HasSuspendedNodes(), state.SuspendedNodes(), state.Message"}},
		{Name: "wait_for_suspend", Waits: true, Call: Replacement{
			New: "client.Wait(ctx, name, workflow.Suspended)", Note: noTime,
		}, Value: phase},
		{Name: "is_workflow_completed", Call: Replacement{
			New: "client.Get(ctx, name)", Note: "then state.Completed()",
		}, Value: Replacement{New: "state.Completed()"}},
		{Name: "wait_for_ending_phase", Waits: true, Call: Replacement{
			New: "client.Wait(ctx, name, workflow.Completed)", Note: noTime,
		}, Value: phase},
		{Name: "watch_workflow", Call: Replacement{
			New:  "client.Logs(ctx, name, workflow.LogOptions{Follow: true})",
			Note: "the old method followed the logs; client.Watch(ctx, name) yields states",
		}, Value: Replacement{Note: "no replacement: Logs yields lines"}},
		{Name: "get_source_cluster_from_workflow", Call: cluster("create-source-cluster"), Value: clusterValue()},
		{Name: "get_target_cluster_from_workflow", Call: cluster("create-target-cluster"), Value: clusterValue()},
		{Name: "get_cluster_from_configmap", Call: Replacement{
			Note: "no replacement: read the ConfigMap by the program's own Kubernetes client",
		}, Value: Replacement{Note: "no replacement: it is the ConfigMap's content"}},
	}
}

func cluster(node string) Replacement {
	return Replacement{
		New:  `state.OutputParameter(status.NodeNameContains("` + node + `"), "cluster-config")`,
		Note: "of the state that client.Get(ctx, name) returns; the text is JSON",
	}
}

func clusterValue() Replacement {
	return Replacement{New: "value", Note: "the text that state.OutputParameter returns, to be read as JSON"}
}

// MethodNamed returns a method of ArgoService; ok is false where it has none of that name.
func MethodNamed(name string) (m Method, ok bool) {
	// It is asked for every attribute there is, so most names are turned away before a table is made.
	if !strings.Contains(name, "workflow") && !strings.HasPrefix(name, "wait_for_") && !strings.HasPrefix(name, "get_cluster_") {
		return Method{}, false
	}
	for _, m := range Methods() {
		if m.Name == name {
			return m, true
		}
	}
	return Method{}, false
}

// ResultField says what replaces a field of a method's CommandResult; ok is false where it has
// none of that name. The method is "" where it isn't known.
func ResultField(method, field string) (r Replacement, ok bool) {
	switch field {
	case "value":
		if m, known := MethodNamed(method); known {
			return m.Value, true
		}
		return Replacement{Note: "no replacement: depends on the call"}, true
	case "success":
		return Replacement{New: "err == nil"}, true
	case "output":
		return Replacement{Note: "no replacement: nothing is printed; the call returns a typed value"}, true
	case "display":
		return Replacement{New: "err.Error()", Note: "of a failure; a success is the returned value"}, true
	}
	return Replacement{}, false
}
