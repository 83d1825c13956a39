// Package api is the HTTP interface of the service: JSON for single requests, server-sent events
// for streams, and RFC 9457 problems for errors. It keeps no state that isn't in the cluster, so
// any number of processes can serve the same backfills, and a new process is as good as an old one.
package api
