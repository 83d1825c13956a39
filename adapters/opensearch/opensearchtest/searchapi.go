package opensearchtest

import (
	"encoding/json"
	"net/http"
)

func (c *Cluster) countAPI(in *request) (*answer, *problem) {
	if p := in.allow(); p != nil {
		return nil, p
	}
	s := &search{query: all}
	if len(in.body) > 0 {
		fields, p := members(in.body, "a count", "query")
		if p != nil {
			return nil, p
		}
		if s.query, p = parseQuery(fields["query"]); p != nil {
			return nil, p
		}
	}
	ix, p := c.indexToRead(in.parts[0])
	if p != nil {
		return nil, p
	}
	hits, p := s.run(ix)
	if p != nil {
		return nil, p
	}
	return answerJSON(http.StatusOK, map[string]any{"count": len(hits), "_shards": oneShard()}), nil
}

func (c *Cluster) searchAPI(in *request) (*answer, *problem) {
	if p := in.allow("scroll"); p != nil {
		return nil, p
	}
	if in.params.Has("scroll") {
		return c.openScroll(in)
	}
	body, p := c.search(in.parts[0], in.body)
	if p != nil {
		return nil, p
	}
	return answerJSON(http.StatusOK, body), nil
}

func (c *Cluster) search(name string, body []byte) (map[string]any, *problem) {
	s, p := parseSearch(body)
	if p != nil {
		return nil, p
	}
	ix, p := c.indexToRead(name)
	if p != nil {
		return nil, p
	}
	hits, p := s.run(ix)
	if p != nil {
		return nil, p
	}
	return s.answer(ix, hits), nil
}

func (c *Cluster) multiSearchAPI(in *request) (*answer, *problem) {
	if p := in.allow(); p != nil {
		return nil, p
	}
	lines, p := linesOf(in.body)
	if p != nil {
		return nil, p
	}
	if len(lines) == 0 || len(lines)%2 != 0 {
		return nil, malformed("each search must have two lines")
	}
	responses := make([]any, 0, len(lines)/2)
	for i := 0; i < len(lines); i += 2 {
		header, p := members(lines[i], "a search's header", "index")
		if p != nil {
			return nil, p
		}
		name := ""
		if len(in.parts) > 1 {
			name = in.parts[0]
		}
		if header["index"] != nil && json.Unmarshal(header["index"], &name) != nil {
			return nil, unknown("the index %s", header["index"])
		}
		body, p := c.search(name, lines[i+1])
		if p != nil {
			body = p.body()
		} else {
			body["status"] = http.StatusOK
		}
		responses = append(responses, body)
	}
	return answerJSON(http.StatusOK, map[string]any{"took": 1, "responses": responses}), nil
}
