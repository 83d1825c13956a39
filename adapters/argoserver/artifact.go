package argoserver

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// ArtifactRef says which artifact of an archived workflow is meant.
type ArtifactRef struct {
	Namespace string
	UID       types.UID // of the workflow
	NodeID    string    // such as status.Node.ID
	Name      string    // of the artifact. main-logs is the log of the container main, if it was archived
	Input     bool      // an input of the node; otherwise an output
}

// Artifact returns the content of an artifact of an archived workflow, as the server reads it from the
// storage. The caller must close it. It ends with ctx; there is no other limit to its size and duration, but
// [Options].Timeout limits the wait for its beginning. Nothing unpacks it: what Argo
// has stored as a tar file is returned as one.
//
// It reads the workflow first, since the server does not distinguish what is missing from what fails. The
// error is an [*Error]. It matches [workflow.ErrNotFound] if the archive does not have the workflow, or the
// workflow not the node with that artifact. An artifact that is a folder is an error.
//
// The server does not say how long an artifact is. If its storage fails in the middle, it ends the content
// with a text about that, as if it was part of it: compare what you read with a checksum or its format. If the
// connection breaks, Read returns an [*Error].
func (c *Client) Artifact(ctx context.Context, ref ArtifactRef) (io.ReadCloser, error) {
	e := Error{Op: OpArtifact, Namespace: ref.Namespace, UID: ref.UID}
	if err := ref.check(); err != nil {
		return nil, e.of(err)
	}
	past, err := c.archived(ctx, ref.Namespace, ref.UID)
	if err != nil {
		return nil, e.of(err)
	}
	if !ref.in(past) {
		return nil, e.of(&failure{notFound: true})
	}
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(c.opts.Timeout, func() { cancel(&timeoutError{c.opts.Timeout}) })
	response, err := c.send(ctx, request{path: []string{
		"artifact-files", ref.Namespace, "archived-workflows", string(ref.UID), ref.NodeID, ref.direction(), ref.Name,
	}})
	if err == nil && !late.Stop() { // the context has just ended
		_ = response.Body.Close()
		err = lost(ctx, ctx.Err())
	}
	if err != nil {
		late.Stop()
		cancel(nil)
		return nil, e.ofArtifact(err)
	}
	return &artifact{ctx: ctx, cancel: cancel, body: response.Body, e: e}, nil
}

func (ref ArtifactRef) direction() string {
	if ref.Input {
		return "inputs"
	}
	return "outputs"
}

func (ref ArtifactRef) check() error {
	if err := checkIDs(ref.Namespace, ref.UID); err != nil {
		return err
	}
	var problems field.ErrorList
	for _, why := range validation.IsDNS1123Subdomain(ref.NodeID) {
		problems = append(problems, field.Invalid(field.NewPath("ref", "NodeID"), ref.NodeID, why))
	}
	if !isParameterName(ref.Name) {
		problems = append(problems, field.Invalid(field.NewPath("ref", "Name"), ref.Name, allowedInNames))
	}
	return invalid(problems)
}

// in reports whether the workflow has the artifact.
func (ref ArtifactRef) in(wf *unstructured.Unstructured) bool {
	artifacts, _, _ := unstructured.NestedSlice(wf.Object, "status", "nodes", ref.NodeID, ref.direction(), "artifacts")
	for _, a := range artifacts {
		if fields, _ := a.(map[string]any); fields["name"] == ref.Name {
			return true
		}
	}
	return false
}

// ofArtifact completes e. The server redirects to the listing of a folder.
func (e Error) ofArtifact(err error) error {
	var f *failure
	if errors.As(err, &f) {
		f.notFound = false // which is about the workflow, and that was just there
		switch {
		case f.status/100 == 3:
			f.text = fmt.Sprintf("the artifact is a folder, or the Argo server redirects (%d), which is not followed", f.status)
		case f.status == http.StatusInternalServerError:
			f.text = "the Argo server cannot read the artifact from its storage (500)"
		}
	}
	return e.of(err)
}

// artifact is the content of an artifact.
type artifact struct {
	ctx    context.Context // that of the request, which ends with Close
	cancel context.CancelCauseFunc
	body   io.ReadCloser
	e      Error
}

func (a *artifact) Read(p []byte) (int, error) {
	n, err := a.body.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // as io.Reader requires
		err = a.e.of(lost(a.ctx, err))
	}
	return n, err
}

// Close ends the request.
func (a *artifact) Close() error {
	a.cancel(nil)
	return a.body.Close()
}
