// Package opensearchtest is a double of an OpenSearch cluster, for tests and demonstrations: an HTTP
// server that really evaluates the queries it gets, over documents in memory, so that a wrong query
// gives a wrong answer. What it doesn't know, a query clause, a field of a body, a parameter or a
// path, is answered with 400 and said so, never ignored.
//
// It knows indices (create, exists, delete, _refresh), _count, _search and _msearch with scrolls,
// _bulk (create, index), _doc (get, put), and by _settings and _cluster/settings (transient) the
// settings of blocks, whether shards are allocated, and the limits of scrolls. Names of indices are exact, without wildcards and
// aliases. Each index has one shard; texts are not analysed, but compared as they are (as keyword).
// Errors are in the words of OpenSearch 2.19.
//
// As on a real cluster, searches don't see what was written over HTTP until the index is refreshed;
// here that never happens by itself. What [Cluster.Put] and [Cluster.Update] write is seen at once.
package opensearchtest
