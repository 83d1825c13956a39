// Package anycluster runs the specs of package conformance on a cluster that exists already, such as
// one made by kind, or a shared one: `make test-cluster KUBECONFIG=file`, see docs/testing.md. It
// starts nothing and needs no tools.
//
// A run makes all its objects in one namespace, except for ClusterWorkflowTemplates. Each object has
// the label argoservice-conformance/run with the run's ID, and only objects with it are changed or
// removed. A spec is skipped if the cluster lacks what the spec's labels say that it needs. What that
// is, is found out before the first spec: by access reviews, by requests that are dry runs, and by
// workflows that do next to nothing.
package anycluster
