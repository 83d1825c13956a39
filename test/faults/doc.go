// Package faults holds what comes between a client and its API server in specs about faults,
// and counts what they did:
//
//   - [Line] is a TCP line that can be cut, slowed down, or left half-open, with the toxics of
//     toxiproxy. TLS passes through it.
//   - [Answers] is an HTTPS proxy that knows requests from answers. It loses a share of the
//     answers after the server has acted, holds watches back, and rewrites what it is told to.
//     Several processes can use it at once.
//   - [Table] is what the suite prints: each fault with how often it was injected, into how
//     many operations, and how many of these were lost, done twice or wrong.
//
// All addresses are on loopback. Real faults of the API server, etcd and the controller are in
// package envtest: Kill, Restart and Pause of a cluster.
//
// The suite itself is in the tests of this package. Its specs run side by side in several processes,
// on one cluster. A spec that kills, pauses or restarts a part of the cluster is Serial, and runs
// when all others have ended; in any other spec these calls fail. It has two forms: a short one of minutes,
// and with FAULTS=long in the environment one that takes four times as long. The table goes to
// standard output, and to the file that FAULTS_TABLE names. The spec with the label "soak" is
// for a run of its own, which lasts for what SOAK_FOR says.
package faults
