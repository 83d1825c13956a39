// Package faults provides faults between a client and its API server for specs, and counts them:
//
//   - [Line] is a TCP line that can be cut, slowed down or left half-open, with the toxics of
//     toxiproxy. TLS passes through it.
//   - [Answers] is an HTTPS proxy that distinguishes requests and responses. It loses a share of
//     the responses after the server has acted, holds back watches, and rewrites what its hooks
//     change. Several processes can use it at once.
//   - [Table] is the report of the suite: for each fault, how often it was injected, into how many
//     operations, and how many of these were lost, done twice or wrong.
//
// All addresses are on loopback. Package envtest has real faults of the API server, etcd and the
// controller: Kill, Restart and Pause of a cluster.
//
// The suite itself is in the tests of this package. Its specs run in several processes in parallel,
// on one cluster. A spec that kills, pauses or restarts a part of that cluster is Serial, and runs
// when all others have ended; in any other spec these calls fail. The specs with Argo's database have
// a cluster of their own. The short form of the suite takes
// minutes. With FAULTS=long in the environment, the long form takes four times as long. The table
// is printed to standard output, and written to the file that FAULTS_TABLE names. The spec with the
// label "soak" runs separately, for the duration in SOAK_FOR.
package faults
