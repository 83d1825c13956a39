package opensearch

import (
	"net/http"
	"regexp"
)

// isBlock reports whether an error is that of a block which an operator has to remove. Blocks with
// 503 are those of a cluster that has no manager or no state yet.
func isBlock(status int, kind string) bool {
	return (kind == "cluster_block_exception" || kind == "index_create_block_exception") &&
		(status == http.StatusForbidden || status == http.StatusTooManyRequests)
}

// hintOf says how to remove a block, by the number that the server gives it; "" if it is not known.
func hintOf(number string) string {
	return map[string]string{
		"5":  "set index.blocks.read_only of the index to false",
		"6":  "set cluster.blocks.read_only to false",
		"7":  "set index.blocks.read of the index to false",
		"8":  "set index.blocks.write of the index to false",
		"9":  "set index.blocks.metadata of the index to false",
		"10": "set cluster.blocks.create_index to false; the cluster sets it itself while the disks are too full",
		"12": "free disk space on the data nodes; if the block stays, set index.blocks.read_only_allow_delete of the index to null",
		"13": "set cluster.blocks.read_only_allow_delete to false",
	}[number]
}

// blockHint returns the hint for the first known block in a reason such as "index [i] blocked by:
// [FORBIDDEN/8/index write (api)];".
func blockHint(reason string) string {
	for _, block := range regexp.MustCompile(`\[[A-Z_]+/(\d+)/`).FindAllStringSubmatch(reason, mostCauses) {
		if hint := hintOf(block[1]); hint != "" {
			return hint
		}
	}
	return "an operator has to remove the block"
}
