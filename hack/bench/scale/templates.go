package main

// storedTemplates are the templates as the controller stores them in each workflow, so that
// a change of the WorkflowTemplate does not reach it.
func storedTemplates() map[string]any {
	stored := map[string]any{}
	for _, t := range allTemplates() {
		stored["namespaced/"+template+"/"+t["name"].(string)] = t
	}
	return stored
}

// storedSpec is the spec that comes of the workflow's and the template's.
func storedSpec() map[string]any {
	var templates []any
	for _, t := range allTemplates() {
		templates = append(templates, t)
	}
	return map[string]any{
		"entrypoint": "run-bulk-load", "serviceAccountName": "argo-workflow-executor", "templates": templates,
		"arguments":           map[string]any{"parameters": arguments(0)},
		"workflowTemplateRef": map[string]any{"name": template},
	}
}

func allTemplates() []map[string]any {
	return []map[string]any{
		steps("run-bulk-load", step("shard", "load-shard", "{{item}}")),
		steps("load-shard", step("migrate", "migrate", "{{inputs.parameters.shard}}"), step("check", "check", "{{inputs.parameters.shard}}")),
		container("migrate", "migrations/rfs:3.1.0", "/app/load --snapshot {{inputs.parameters.snapshot}} --shard {{inputs.parameters.shard}}"),
		container("check", "migrations/console:3.1.0", "console documents count --shard {{inputs.parameters.shard}} > /tmp/documents"),
	}
}

func steps(name string, inOrder ...map[string]any) map[string]any {
	var groups []any
	for _, s := range inOrder {
		groups = append(groups, []any{s})
	}
	return map[string]any{"name": name, "inputs": map[string]any{}, "outputs": map[string]any{}, "metadata": map[string]any{}, "steps": groups}
}

func step(name, of, shard string) map[string]any {
	return map[string]any{
		"name": name, "template": of,
		"arguments": map[string]any{"parameters": parameters("shard", shard, "snapshot", "{{workflow.parameters.snapshot-name}}")},
	}
}

func container(name, image, command string) map[string]any {
	return map[string]any{
		"name": name, "metadata": map[string]any{},
		"inputs": map[string]any{"parameters": []any{
			map[string]any{"name": "shard"}, map[string]any{"name": "snapshot"}, map[string]any{"name": "index"},
		}},
		"outputs": map[string]any{"parameters": []any{
			map[string]any{"name": "documents", "valueFrom": map[string]any{"path": "/tmp/documents"}},
		}},
		"container": map[string]any{
			"name": "", "image": image, "command": []any{"sh", "-c"}, "args": []any{command},
			"resources": map[string]any{"requests": map[string]any{"cpu": "500m", "memory": "1Gi"}},
		},
	}
}
