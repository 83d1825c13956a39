package opensearchtest

import (
	"encoding/json"
	"net/http"
	"slices"
)

func (c *Cluster) indexAPI(in *request) (*answer, *problem) {
	var known []string
	if in.method == http.MethodPut {
		known = []string{"timeout", "wait_for_active_shards"} // it doesn't wait
	}
	if p := in.allow(known...); p != nil {
		return nil, p
	}
	name := in.parts[0]
	switch in.method {
	case http.MethodHead:
		if _, p := c.index(name); p != nil {
			return nil, p
		}
		return &answer{status: http.StatusOK}, nil
	case http.MethodDelete:
		ix, p := c.index(name)
		if p != nil {
			return nil, p
		}
		if p := c.blocked(name, ix, toDelete); p != nil {
			return nil, p
		}
		c.removeIndex(name)
		return answerJSON(http.StatusOK, map[string]any{"acknowledged": true}), nil
	case http.MethodPut:
		return c.createIndex(name, in.body)
	}
	return nil, unknown("%s of an index", in.method)
}

func (c *Cluster) createIndex(name string, body []byte) (*answer, *problem) {
	if p := nameProblem(name); p != nil {
		return nil, p
	}
	if p := c.blocked(name, nil, toCreate); p != nil {
		return nil, p
	}
	if c.indices[name] != nil {
		return nil, &problem{Status: http.StatusBadRequest, Type: "resource_already_exists_exception", Index: name,
			Reason: "index [" + name + "/double] already exists"}
	}
	ix := c.newIndex(name)
	if len(body) > 0 {
		fields, p := members(body, "an index", "settings", "mappings")
		if p != nil {
			return nil, p
		}
		if ix.types, p = parseMapping(fields["mappings"]); p != nil {
			return nil, p
		}
	}
	c.indices[name] = ix
	return answerJSON(http.StatusOK, map[string]any{"acknowledged": true, "shards_acknowledged": ix.assigned, "index": name}), nil
}

// parseMapping reads the types of fields.
func parseMapping(text json.RawMessage) (map[string]string, *problem) {
	types := map[string]string{}
	if text == nil {
		return types, nil
	}
	fields, p := members(text, "mappings", "properties")
	if p != nil {
		return nil, p
	}
	var properties map[string]json.RawMessage
	if fields["properties"] != nil && json.Unmarshal(fields["properties"], &properties) != nil {
		return nil, malformed("properties must be an object")
	}
	for name, property := range properties {
		inner, p := members(property, "a field's mapping", "type", "norms")
		if p != nil {
			return nil, p
		}
		var kind string
		if json.Unmarshal(inner["type"], &kind) != nil || !slices.Contains([]string{"long", "keyword"}, kind) {
			return nil, unknown("the type %s of the field [%s]", inner["type"], name)
		}
		types[name] = kind
	}
	return types, nil
}

func (c *Cluster) refreshAPI(in *request) (*answer, *problem) {
	if p := in.allow(); p != nil {
		return nil, p
	}
	ix, p := c.index(in.parts[0])
	if p != nil {
		return nil, p
	}
	ix.refresh()
	return answerJSON(http.StatusOK, map[string]any{"_shards": map[string]any{"total": 2, "successful": 1, "failed": 0}}), nil
}
