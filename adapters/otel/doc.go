// Package otel makes OpenTelemetry traces of what a workflow client does, over
// [workflow.Options].Observer: a span for each operation and each wait, with events for what
// happened meanwhile. It can also put the trace of a start on the workflow, so that other processes
// find it there. It asks for OpenTelemetry's API alone; the SDK is the host's, and nothing global is
// used. It is a module of its own, so that who doesn't need it has none of its dependencies.
//
// docs/traces.md lists the spans, their attributes and events, and which outcomes are errors.
package otel
