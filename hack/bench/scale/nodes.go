package main

import (
	"fmt"
	"hash/fnv"
	"maps"
	"strconv"
)

// nodeWriter writes the nodes of one workflow. Which fields a node of which type has was read
// off a run with the real controller, as in the benchmarks.
type nodeWriter struct {
	name  string
	stage stage
	nodes map[string]any
}

// shards: with two of them, each a load and its check, a workflow has 12 nodes.
const shards = 2

func (w *nodeWriter) write() {
	group := w.name + "[0]"
	var children, outbound []string
	for shard := range shards {
		id, last := w.shard(group, shard)
		children, outbound = append(children, id), append(outbound, last)
	}
	w.group(w.name, "Steps", "run-bulk-load", "", w.stage, map[string]any{"children": []string{w.id(group)}, "outboundNodes": outbound})
	w.group(group, "StepGroup", "", w.name, w.stage, map[string]any{"children": children})
}

// shard writes a shard's five nodes; it returns the ids of the first and the last.
func (w *nodeWriter) shard(parent string, number int) (id, last string) {
	name := fmt.Sprintf("%s.shard(%d:%[2]d)", parent, number)
	load, check := name+"[0]", name+"[1]"
	loaded, checked := stage{ended: true}, w.stage.pod(number == shards-1)
	inputs := map[string]any{"parameters": parameters("shard", strconv.Itoa(number), "snapshot", "snapshot-2026-11-01", "index", "documents-2026")}
	last = w.id(check + ".check")
	w.group(name, "Steps", "load-shard", w.name, checked, map[string]any{
		"children": []string{w.id(load)}, "outboundNodes": []string{last}, "inputs": inputs,
	})
	w.group(load, "StepGroup", "", w.id(name), loaded, map[string]any{"children": []string{w.id(load + ".migrate")}})
	w.pod(load+".migrate", "migrate", w.id(name), loaded, inputs, w.id(check))
	w.group(check, "StepGroup", "", w.id(name), checked, map[string]any{"children": []string{last}})
	w.pod(check+".check", "check", w.id(name), checked, inputs, "")
	return w.id(name), last
}

func (w *nodeWriter) pod(name, of, boundary string, s stage, inputs map[string]any, child string) {
	id := w.id(name)
	fields := map[string]any{
		"inputs": inputs, "hostNodeName": fmt.Sprintf("ip-10-0-%d-%d.eu-central-1.compute.internal", len(w.nodes)%4, len(id)%40),
	}
	if child != "" {
		fields["children"] = []string{child}
	}
	if s.ended {
		code := "0"
		if s.failed {
			code = "1"
			fields["message"] = "main: Error (exit code 1): target refused the documents"
		}
		key := fmt.Sprintf("%s/%s-%s-%d/main.log", w.name, w.name, of, hash(name))
		fields["taskResultSynced"] = true
		fields["outputs"] = map[string]any{
			"exitCode": code, "parameters": parameters("documents", "100000"),
			"artifacts": []any{map[string]any{"name": "main-logs", "s3": map[string]any{"key": key}}},
		}
	}
	w.node(name, "Pod", of, boundary, s, fields)
	w.nodes[id].(map[string]any)["progress"] = podProgress(s)
}

func (w *nodeWriter) group(name, kind, of, boundary string, s stage, fields map[string]any) {
	if kind == "StepGroup" {
		fields["nodeFlag"] = map[string]any{}
	}
	w.node(name, kind, of, boundary, s, fields)
	w.nodes[w.id(name)].(map[string]any)["progress"] = w.progress()
}

func (w *nodeWriter) node(name, kind, of, boundary string, s stage, fields map[string]any) {
	node := map[string]any{
		"id": w.id(name), "name": name, "displayName": displayName(name), "type": kind, "templateScope": "local/" + w.name,
		"phase": s.nodePhase(), "startedAt": timestamp(len(w.nodes)), "finishedAt": nil,
		"resourcesDuration": map[string]any{"cpu": 30 + s.beat, "memory": 300 + 10*s.beat},
	}
	if of != "" {
		node["templateName"] = of
	}
	if boundary != "" {
		node["boundaryID"] = boundary
	}
	if s.ended {
		node["finishedAt"] = timestamp(60 + s.beat)
	}
	maps.Copy(node, fields)
	w.nodes[w.id(name)] = node
}

// id is what the controller makes of a node's name.
func (w *nodeWriter) id(name string) string {
	if name == w.name {
		return name
	}
	return fmt.Sprintf("%s-%d", w.name, hash(name))
}

func hash(name string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name)) // never fails
	return h.Sum32()
}
