// Package conformance is a suite of Ginkgo specs that every [workflow.Interface] has to pass on a
// real cluster with a real Argo controller. It is a package, not a test, so that implementations
// and decorators in any module can use it:
//
//	var _ = conformance.Specs("native client", func(ctx context.Context) conformance.Fixture { … })
package conformance
