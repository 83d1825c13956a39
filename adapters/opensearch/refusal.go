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

// UnmarshalJSON also reads errors that are just a text, as some parts of the server and proxies
// before it write them.
func (e *serverError) UnmarshalJSON(data []byte) error {
	if json.Unmarshal(data, &e.Reason) == nil {
		return nil
	}
	type plain serverError
	return json.Unmarshal(data, (*plain)(e))
}

// refusal is the error that an answer stands for. What it repeats is taken out later on.
func refusal(response *http.Response) error {
	// What can't be read doesn't matter: the status says enough.
	body, _ := io.ReadAll(io.LimitReader(response.Body, mostOfError))
	var answer struct {
		Error serverError `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		answer.Error = serverError{Reason: strings.TrimSpace(string(body))} // of a proxy, or 401
	}
	return &Error{
		StatusCode: response.StatusCode,
		Type:       answer.Error.Type, Reason: answer.Error.Reason,
		kind: kindOfStatus(response.StatusCode, answer.Error.Type), again: repeatable(response.StatusCode),
	}
}
