// Package rollout counts how a service leaves kubectl: which backend a [legacy.Router] gives its calls
// to, and whether both say the same. It goes when pkg/legacy does, so that what stays doesn't import it.
//
// Nothing is registered here, as in package argoprom; docs/metrics.md has the metrics of both.
package rollout
