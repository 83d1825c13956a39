// Package api is the HTTP interface of the service: JSON for what is asked once, server-sent events
// for what goes on, and RFC 9457 problems for what doesn't work. It keeps nothing that the cluster
// doesn't have, so any number of processes can serve the same backfills, and one that has just been
// started is as good as one that has run for long.
package api
