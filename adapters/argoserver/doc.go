// Package argoserver reads the archive of ended workflows through an Argo server, by its HTTP API, as a
// [workflow.History]. It also retries and resubmits archived workflows by the server, and reads artifacts,
// among them archived logs. It is for hosts that may not connect to Argo's database; adapters/argodb reads
// that directly, and is faster. The server may be of any version from 3.6 to 4.1.
//
// The host gives an [http.Client] that has the token and the TLS settings, such as that of
// rest.HTTPClientFor in client-go, which reads the file of a service account's token again when it rotates.
// This package has no credentials of its own. It does not follow redirects, so that a token is sent to the
// server of [Options].URL only.
//
// What the server returns is limited by [Options].MaxSize. Each request is limited by [Options].Timeout.
// Requests are not repeated, except those of a list that has begun; the caller decides about the others, see
// [Error.Transient].
//
// # What the server knows
//
// The server has the archive of the controller whose ConfigMap it reads: that of one cluster name and one
// instance ID. It answers with the fields of a workflow that its version of Argo knows. It allows what the
// token may do: get workflows for each workflow that is read, and list workflows for lists and names, in the
// namespace.
//
// A server without persistence answers lists as if the archive were empty. Before it believes an empty list,
// a [Client] therefore asks for a workflow that cannot exist, once. Only a server with an archive answers
// that there is none.
//
// # Times
//
// The archive orders workflows by the controller's local clock, and so do [Client.List] and [Client.ByName].
// That order is exact unless the controller's clock is set back, as at the end of daylight saving time.
// The limits of a list are compared with the workflow's own times.
package argoserver
