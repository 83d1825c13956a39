// Package apitest is a scripted API server for tests of what has to be tried thousands of times, in
// an order that a real one won't keep to.
//
// It guarantees that workflows are served by the API server's rules for resource versions,
// selectors, pages, bookmarks and preconditions, with whatever fault a test asks for, in the virtual
// time of testing/synctest. The specs on a real API server show that its rules are these.
//
// It has no schemas, and of other resources only names. It does not collect garbage: an object that
// is deleted in the foreground stays until the test calls Remove.
package apitest
