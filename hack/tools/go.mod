// What the script tools needs of Go, of the standard library only, so that it builds in seconds on a fresh
// machine; docs parses Markdown. The versions of the tools are in modules of their own below.
module github.com/opensearch-project/opensearch-migrations/argoservice/hack/tools

go 1.26.0

require github.com/yuin/goldmark v1.8.7
