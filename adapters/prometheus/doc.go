// Package argoprom provides Prometheus metrics of the library's clients: operations and their
// results, retries, watches, waits, ends of workflows, and the progress of a backfill. It registers
// nothing: the host registers the collectors that it wants, with the registry and labels that it
// wants.
//
//	observer := argoprom.NewObserver(argoprom.Options{})
//	registry.MustRegister(observer)
//	client, err := workflow.NewForConfig(cfg, workflow.Options{Observer: observer})
//
// docs/metrics.md lists every metric, its labels and their values. Names of workflows, namespaces
// and sessions are never labels, so the number of series is bounded.
//
// The folder is called prometheus and the package is not, because every program that uses it also
// imports the package prometheus of client_golang. It is a module of its own, so that only hosts
// that use it get its dependencies.
package argoprom
