// Package source gets, lists and watches the objects of one resource, over REST clients or over a
// dynamic client.
//
// It guarantees:
//   - Objects keep the form in which they arrived, JSON or decoded, until an [Item] is asked for
//     the other one.
//   - One object that cannot be read does not hide the others of a list that came as JSON.
//   - An answer that was cut off is a [fault.CutOffError], whatever protocol carried it.
//   - [Watch.Run] ends a watch that has been silent for too long.
//   - A request timeout that [BoundRequests] has set is never reported as the end of the caller's
//     context.
//
// A request is sent once, also by client-go ([Once]): the package knows neither retries nor backoff,
// nor what an object means. A [Dynamic] cannot prevent that its client repeats requests.
// It keeps no state between requests, so every Source is safe for concurrent use.
package source
