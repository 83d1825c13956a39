// Package otel creates OpenTelemetry traces of a workflow client's operations, through
// [workflow.Options].Observer: a span for each operation and each wait, with events for what
// happens meanwhile. It can also record the trace of a start on the workflow, for other processes.
// It depends only on OpenTelemetry's API; the SDK is the host's, and it uses no global state. It is
// a module of its own, so that only hosts that use it get its dependencies.
//
// docs/traces.md lists the spans, their attributes and events, and which outcomes are errors.
package otel
