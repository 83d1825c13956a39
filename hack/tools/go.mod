// The installer of the pinned tools. Standard library only, so that it builds in
// seconds on a fresh machine; each folder below is a module of its own.
module github.com/opensearch-project/opensearch-migrations/argoservice/hack/tools

go 1.26.0
