package opensearch

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// serverError is the server's form of an error, in an answer or a part of one.
type serverError struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
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

// refusal returns the error for a response. Credentials in it are removed later.
func refusal(response *http.Response) error {
	// A read error doesn't matter: the status code is enough.
	body, _ := io.ReadAll(io.LimitReader(response.Body, mostOfError))
	var answer struct {
		Error serverError `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		answer.Error = serverError{Reason: strings.TrimSpace(string(body))} // from a proxy, or a 401
	}
	return &Error{
		StatusCode: response.StatusCode,
		Type:       answer.Error.Type, Reason: answer.Error.Reason,
		kind: kindOfStatus(response.StatusCode, answer.Error.Type), again: repeatable(response.StatusCode),
	}
}
