module github.com/opensearch-project/opensearch-migrations/argoservice/test/opensearch

go 1.26.0
