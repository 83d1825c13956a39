// Package argoprom counts what the clients of this library do, as Prometheus metrics: operations and
// how they end, retries, watches, waits, the ends of workflows, and how far a backfill is. Nothing is
// registered here: the host registers the collectors that it wants, where and with which labels it
// wants.
//
//	observer := argoprom.NewObserver(argoprom.Options{})
//	registry.MustRegister(observer)
//	client, err := workflow.NewForConfig(cfg, workflow.Options{Observer: observer})
//
// docs/metrics.md has every metric, its labels and their values. Names of workflows, namespaces and
// sessions are never labels, so the number of series is bounded however long the host runs.
//
// The folder is called prometheus and the package is not, because every program that uses it also
// has the package prometheus of client_golang. It is a module of its own, so that who doesn't need
// it has none of its dependencies.
package argoprom
