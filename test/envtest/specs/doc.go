// Package specs has nothing but tests: the specs on a local cluster with the real Argo controller.
package specs
