package otel

import "go.opentelemetry.io/otel/attribute"

// Names of semantic conventions are spelt out: a package of conventions is one more dependency that
// changes with each version of the API.
const (
	keyNamespace    = attribute.Key("k8s.namespace.name")
	keyErrorType    = attribute.Key("error.type")
	keyErrorMessage = attribute.Key("error.message")

	keyOperation = attribute.Key("argoservice.operation")
	keyBackend   = attribute.Key("argoservice.backend")
	keyDryRun    = attribute.Key("argoservice.dry_run")
	keySource    = attribute.Key("argoservice.source")
	keyReason    = attribute.Key("argoservice.reason")
	keyAfter     = attribute.Key("argoservice.retry.after") // in seconds
	keyDelay     = attribute.Key("argoservice.delay")       // in seconds

	keyName    = attribute.Key("argo.workflow.name")
	keyUID     = attribute.Key("argo.workflow.uid")
	keyOutcome = attribute.Key("argo.workflow.outcome")
)
