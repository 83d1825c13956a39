// Package rollout provides metrics of a migration off kubectl: the backend to which a
// [legacy.Router] sends its calls, and whether both backends agree. It is separate so that it can
// be deleted together with pkg/legacy.
//
// It registers nothing, like package argoprom; docs/metrics.md lists the metrics of both.
package rollout
