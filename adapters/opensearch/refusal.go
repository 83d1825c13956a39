package opensearch

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// serverError is the server's form of an error, in an answer or a part of one.
type serverError struct {
	Type         string      `json:"type"`
	Reason       string      `json:"reason"`
	RootCause    causes      `json:"root_cause"`
	FailedShards failures    `json:"failed_shards"`
	CausedBy     serverCause `json:"caused_by"`
}

// UnmarshalJSON also accepts errors that are plain strings, as some parts of the server and proxies
// write them.
func (e *serverError) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &e.Reason) == nil {
		return nil
	}
	type plain serverError
	return json.Unmarshal(data, (*plain)(e))
}

// refused returns the error for the status code and the error of a response, or of a part of one. e
// is nil if the server gave no error.
func refused(status int, e *serverError) *Error {
	failed := &Error{StatusCode: status}
	if e != nil {
		own := Cause{e.Type, e.Reason}
		failed.Type, failed.Reason = e.Type, e.Reason
		failed.Causes = without(appendCauses(appendCauses(e.RootCause, e.FailedShards...), e.CausedBy.Cause), own)
	}
	failed.kind, failed.again = kindOfStatus(status, failed.Type), repeatable(status)
	if isBlock(status, failed.Type) {
		failed.kind, failed.again = workflow.ErrUnavailable, false
		failed.Hint = blockHint(failed.Reason)
	}
	if isUnassigned(failed) {
		failed.unassigned, failed.Hint = true, unassignedHint
	}
	return failed
}

// refusal returns the error for a response. Credentials in it are removed later.
func (c *cluster) refusal(response *http.Response) error {
	// A read error doesn't matter: the status code is enough.
	body, _ := io.ReadAll(io.LimitReader(response.Body, mostOfError))
	var answer struct {
		Error  *serverError `json:"error"`
		Shards *shards      `json:"_shards"` // of requests that each shard answers for itself
	}
	if json.Unmarshal(body, &answer) != nil {
		answer.Error = &serverError{Reason: strings.TrimSpace(string(body))} // from a proxy, or a 401
	}
	failed := refused(response.StatusCode, answer.Error)
	if isPlainOnTLS(failed.StatusCode, failed.Reason) {
		failed.Hint = "the port expects TLS; " + c.useHTTPS()
	}
	if answer.Shards != nil {
		failed.Causes = appendCauses(failed.Causes, answer.Shards.Failures...)
	}
	return failed
}
