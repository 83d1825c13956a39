package opensearchtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

// linesOf splits a body of JSON in lines, which has to end with a newline.
func linesOf(body []byte) ([]json.RawMessage, *problem) {
	if !bytes.HasSuffix(body, []byte("\n")) {
		return nil, &problem{Status: http.StatusBadRequest, Type: "illegal_argument_exception",
			Reason: "The request must be terminated by a newline [\n]"}
	}
	var lines []json.RawMessage
	for line := range bytes.Lines(body) {
		lines = append(lines, bytes.TrimSpace(line))
	}
	return lines, nil
}

func (c *Cluster) bulkAPI(in *request) (*answer, *problem) {
	refresh, p := in.refresh()
	if p != nil {
		return nil, p
	}
	lines, p := linesOf(in.body)
	if p != nil {
		return nil, p
	}
	if len(lines) == 0 || len(lines)%2 != 0 {
		return nil, malformed("each document must have two lines")
	}
	actions := make([]action, 0, len(lines)/2)
	for i := 0; i < len(lines); i += 2 { // all of them, before anything is written
		a, p := parseAction(in, lines[i], lines[i+1])
		if p != nil {
			return nil, p
		}
		actions = append(actions, a)
	}
	if c.settings.on("cluster.blocks.read_only") {
		return nil, blockProblem("", clusterReadOnly())
	}
	items := make([]any, 0, len(actions))
	failed := false
	for _, a := range actions {
		item, ok := c.act(a)
		failed = failed || !ok
		items = append(items, map[string]any{a.kind: item})
	}
	if refresh {
		c.refreshAll(actions)
	}
	return answerJSON(http.StatusOK, map[string]any{"took": 1, "errors": failed, "items": items}), nil
}

// refreshAll refreshes what was written to, each index once.
func (c *Cluster) refreshAll(actions []action) {
	names := map[string]bool{}
	for _, a := range actions {
		names[a.index] = true
	}
	for name := range names {
		if ix, ok := c.indices[name]; ok {
			ix.refresh()
		}
	}
}

// action is one thing that a bulk request does.
type action struct {
	kind, index, id string
	source          []byte
}

func parseAction(in *request, line, source json.RawMessage) (action, *problem) {
	kind, body, p := only(line, "an action")
	if p != nil {
		return action{}, p
	}
	if kind != "create" && kind != "index" {
		return action{}, unknown("the action [%s]", kind)
	}
	fields, p := members(body, "an action", "_index", "_id")
	if p != nil {
		return action{}, p
	}
	a := action{kind: kind, source: source}
	if len(in.parts) > 1 {
		a.index = in.parts[0]
	}
	for name, text := range map[string]*string{"_index": &a.index, "_id": &a.id} {
		if fields[name] != nil && json.Unmarshal(fields[name], text) != nil {
			return action{}, malformed("[%s] must be a text", name)
		}
	}
	return a, nil
}

// act does it, and returns the item of the answer.
func (c *Cluster) act(a action) (item map[string]any, ok bool) {
	created, id, p := c.writeDocument(a.index, a.id, a.source, a.kind == "create", false)
	if p != nil {
		return map[string]any{"_index": a.index, "_id": a.id, "status": p.Status, "error": p.cause()}, false
	}
	item = map[string]any{"_index": a.index, "_id": id, "result": "updated", "status": http.StatusOK, "_shards": oneShard()}
	if created {
		item["result"], item["status"] = "created", http.StatusCreated
	}
	return item, true
}

// writeDocument writes what came over HTTP.
func (c *Cluster) writeDocument(name, id string, source []byte, create, refresh bool) (created bool, newID string, p *problem) {
	ix, p := c.indexToWrite(name)
	if p != nil {
		return false, "", p
	}
	if p := c.blocked(name, ix, toWrite); p != nil {
		return false, "", p
	}
	number := c.number()
	if id == "" {
		id = "generated-" + strconv.FormatInt(number, 10)
	}
	if c.reject != nil {
		if r := c.reject(name, id); r != nil {
			return false, "", &problem{Status: r.Status, Type: r.Type, Reason: r.Reason, Index: name}
		}
	}
	old := ix.documents[id]
	if create && old != nil {
		return false, "", &problem{Status: http.StatusConflict, Type: "version_conflict_engine_exception", Index: name,
			Reason: "[" + id + "]: version conflict, document already exists (current version [1])"}
	}
	if _, p := ix.write(number, id, source); p != nil {
		return false, "", p
	}
	if refresh {
		ix.refresh()
	}
	return old == nil, id, nil
}

// refresh reads the parameter of writes.
func (in *request) refresh() (bool, *problem) {
	if p := in.allow("refresh"); p != nil {
		return false, p
	}
	switch value := in.params.Get("refresh"); value {
	case "false":
		return false, nil
	case "true", "wait_for":
		return true, nil
	default:
		if value != "" {
			return false, unknown("the value [%s] of refresh", value)
		}
		return in.params.Has("refresh"), nil
	}
}
