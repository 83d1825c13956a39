// Package promrules has nothing but tests: that the alerts, the dashboard and the questions in docs
// are what Prometheus understands, that they ask for metrics that there are, and that each alert fires
// when it should and only then. It is a module of its own for the sake of Prometheus, by whose own
// parser, rules and query engine that is tested.
package promrules
