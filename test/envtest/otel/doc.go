// Package otel has no code but its tests: they compare what adapters/otel does with docs/traces.md,
// on OpenTelemetry's SDK.
package otel
