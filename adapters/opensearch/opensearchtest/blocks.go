package opensearchtest

import (
	"net/http"
	"slices"
	"strings"
)

// purpose is what a request wants to do to an index.
type purpose int

const (
	toRead purpose = iota
	toWrite
	toCreate
	toDelete
)

// block is one that a setting makes.
type block struct {
	setting, words string
	prevents       []purpose
}

func clusterReadOnly() block {
	return block{"cluster.blocks.read_only", "FORBIDDEN/6/cluster read-only (api)", []purpose{toWrite, toCreate, toDelete}}
}

// blocks returns the known ones, in the words of OpenSearch 2.19.
func blocks() []block {
	return []block{
		clusterReadOnly(),
		{"cluster.blocks.create_index", "FORBIDDEN/10/cluster create-index blocked (api)", []purpose{toCreate}},
		{"index.blocks.read_only", "FORBIDDEN/5/index read-only (api)", []purpose{toWrite, toDelete}},
		{"index.blocks.read", "FORBIDDEN/7/index read (api)", []purpose{toRead}},
		{"index.blocks.write", "FORBIDDEN/8/index write (api)", []purpose{toWrite}},
		{"index.blocks.metadata", "FORBIDDEN/9/index metadata (api)", []purpose{toDelete}},
		{"index.blocks.read_only_allow_delete", "TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, " +
			"index has read-only-allow-delete block", []purpose{toWrite}},
	}
}

// on reports whether a setting is true.
func (s settings) on(name string) bool { return string(s[name]) == "true" }

// blocked returns the error of the block that prevents something, or nil; ix is nil if the index is
// to be created.
func (c *Cluster) blocked(name string, ix *index, what purpose) *problem {
	for _, b := range blocks() {
		set := c.settings.on(b.setting) || ix != nil && ix.settings.on(b.setting)
		if set && slices.Contains(b.prevents, what) {
			return blockProblem(name, b)
		}
	}
	return nil
}

func blockProblem(name string, b block) *problem {
	p := &problem{Status: http.StatusForbidden, Type: "cluster_block_exception", Reason: "blocked by: [" + b.words + "];"}
	if strings.HasPrefix(b.words, "TOO_MANY_REQUESTS") {
		p.Status = http.StatusTooManyRequests
	}
	if b.setting == "cluster.blocks.create_index" {
		p.Type, name = "index_create_block_exception", ""
	}
	if name != "" {
		p.Reason = "index [" + name + "] " + p.Reason
	}
	return p
}

// indexToRead finds an index that is not blocked.
func (c *Cluster) indexToRead(name string) (*index, *problem) {
	ix, p := c.index(name)
	if p == nil {
		p = c.blocked(name, ix, toRead)
	}
	if p == nil && !ix.assigned {
		p = c.unassignedProblem()
	}
	return ix, p
}
