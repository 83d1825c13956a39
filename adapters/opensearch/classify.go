package opensearch

import (
	"errors"
	"io"
	"net"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/backfill"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// kindOf returns the sentinel for a cause, or nil.
func kindOf(err error) error {
	for _, kind := range []error{
		backfill.ErrNoWorkingState, workflow.ErrInvalid, workflow.ErrUnsupported,
		workflow.ErrUnauthorized, workflow.ErrForbidden, workflow.ErrUnavailable,
	} {
		if errors.Is(err, kind) {
			return kind
		}
	}
	var late *timeoutError
	if errors.As(err, &late) || network(err) {
		return workflow.ErrUnavailable
	}
	return nil
}

// kindOfStatus returns the sentinel for a response, or nil.
func kindOfStatus(status int, reason string) error {
	switch {
	case status == http.StatusUnauthorized:
		return workflow.ErrUnauthorized
	case status == http.StatusForbidden:
		return workflow.ErrForbidden
	case status == http.StatusNotFound && reason == "index_not_found_exception":
		return backfill.ErrNoWorkingState
	case status == http.StatusTooManyRequests || status >= http.StatusInternalServerError:
		return workflow.ErrUnavailable
	}
	return nil
}

// kindOfSecret returns the sentinel for an error of a [SecretReader]. Without credentials, a caller
// is unauthorized, whatever the reason.
func kindOfSecret(err error) error {
	switch kind := kindOf(err); {
	case kind != nil:
		return kind
	case apierrors.IsForbidden(err):
		return workflow.ErrForbidden
	case apierrors.IsServiceUnavailable(err), apierrors.IsTooManyRequests(err), apierrors.IsInternalError(err),
		apierrors.IsServerTimeout(err), apierrors.IsTimeout(err):
		return workflow.ErrUnavailable
	}
	return workflow.ErrUnauthorized
}

// repeatable reports whether a status code means that the same request may succeed later.
func repeatable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// network reports whether the connection failed, or none could be made. It excludes certificate
// errors: those are not errors of package net.
func network(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		return false // the server's part of TLS has refused us
	}
	var failed net.Error
	return errors.As(err, &failed) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}
