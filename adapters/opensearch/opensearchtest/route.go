package opensearchtest

import (
	"net/http"
	"slices"
	"strings"
)

// handle answers a request.
func (c *Cluster) handle(in *request) *answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	if refused := c.admit(in); refused != nil {
		return refused
	}
	if p := c.overload(in); p != nil {
		return answerProblem(p)
	}
	out, p := c.route(in)
	if p != nil {
		return answerProblem(p)
	}
	return out
}

func (c *Cluster) route(in *request) (*answer, *problem) {
	if out, p, known := c.pitRoute(in); known {
		return out, p
	}
	switch parts := in.parts; {
	case len(parts) == 0:
		return c.root(in)
	case in.path("_search") && in.reads():
		return c.pitSearchAPI(in)
	case in.path("_search", "scroll"):
		return c.scrollAPI(in)
	case in.path("_cluster", "settings") && in.method == http.MethodPut:
		return c.clusterSettingsAPI(in)
	case len(parts) == 1 && !strings.HasPrefix(parts[0], "_"):
		return c.indexAPI(in)
	case in.path("", "_settings") && in.method == http.MethodPut:
		return c.indexSettingsAPI(in)
	case in.path("", "_refresh") && in.method == http.MethodPost:
		return c.refreshAPI(in)
	case in.path("", "_count") && in.reads():
		return c.countAPI(in)
	case in.path("", "_search") && in.reads():
		return c.searchAPI(in)
	case (in.path("", "_msearch") || in.path("_msearch")) && in.reads():
		return c.multiSearchAPI(in)
	case (in.path("", "_bulk") || in.path("_bulk")) && (in.method == http.MethodPost || in.method == http.MethodPut):
		return c.bulkAPI(in)
	case len(parts) == 3 && parts[1] == "_doc":
		return c.documentAPI(in)
	}
	return nil, unknown("%s of the path /%s", in.method, strings.Join(in.parts, "/"))
}

// path matches a path; "" in it stands for an index.
func (in *request) path(parts ...string) bool {
	return slices.EqualFunc(in.parts, parts, func(have, want string) bool {
		return have == want || want == "" && !strings.HasPrefix(have, "_")
	})
}

// reads reports whether the method is one of those by which a body can be sent to ask something.
func (in *request) reads() bool { return in.method == http.MethodGet || in.method == http.MethodPost }

// allow refuses parameters that are not among these.
func (in *request) allow(known ...string) *problem {
	for name := range in.params {
		if !slices.Contains(known, name) {
			return &problem{Status: http.StatusBadRequest, Type: "illegal_argument_exception",
				Reason: "the double doesn't know the parameter [" + name + "] here"}
		}
	}
	return nil
}

func (c *Cluster) root(in *request) (*answer, *problem) {
	if in.method != http.MethodGet && in.method != http.MethodHead {
		return nil, unknown("%s of the path /", in.method)
	}
	if p := in.allow(); p != nil {
		return nil, p
	}
	version := map[string]any{
		"number": c.options.Version, "build_type": "double", "build_snapshot": false,
		"minimum_wire_compatibility_version": "7.10.0", "minimum_index_compatibility_version": "7.0.0",
	}
	tagline := "You Know, for Search"
	if !c.isElasticsearch() {
		version["distribution"], tagline = "opensearch", "The OpenSearch Project: https://opensearch.org/"
	}
	return answerJSON(http.StatusOK, map[string]any{
		"name": "double", "cluster_name": "double", "cluster_uuid": "double", "version": version, "tagline": tagline,
	}), nil
}
