// Package browser has the spec of the service's page, examples/service: in a real Chromium, with the
// service as a process that has no more than its Roles, on a real control plane. Others have the page
// beside a script in place of the service, for what a real one can't be brought to at will. It is a
// module of its own, so that what drives the browser is nobody else's dependency. make test-browser
// runs it.
//
// The environment says where Chromium is (CHROMIUM; default: the one in $PATH) and where to put
// pictures of the page (ARTIFACTS; default: a temporary folder).
package browser
