package opensearchtest

import "net/http"

func (c *Cluster) documentAPI(in *request) (*answer, *problem) {
	name, id := in.parts[0], in.parts[2]
	switch in.method {
	case http.MethodGet, http.MethodHead:
		if p := in.allow(); p != nil {
			return nil, p
		}
		ix, p := c.index(name)
		if p != nil {
			return nil, p
		}
		d, ok := ix.documents[id]
		if !ok {
			return answerJSON(http.StatusNotFound, map[string]any{"_index": name, "_id": id, "found": false}), nil
		}
		return answerJSON(http.StatusOK, map[string]any{"_index": name, "_id": id, "found": true, "_source": d.source}), nil
	case http.MethodPut:
		refresh, p := in.refresh()
		if p != nil {
			return nil, p
		}
		created, _, p := c.writeDocument(name, id, in.body, false, refresh)
		if p != nil {
			return nil, p
		}
		status, result := http.StatusOK, "updated"
		if created {
			status, result = http.StatusCreated, "created"
		}
		return answerJSON(status, map[string]any{"_index": name, "_id": id, "result": result, "_shards": oneShard()}), nil
	}
	return nil, unknown("%s of a document", in.method)
}
