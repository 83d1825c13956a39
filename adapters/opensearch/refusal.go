package opensearch

import (
	"encoding/base64"
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

const mostOfReason = 500 // characters that go into an error

// refusal is the error that an answer stands for.
func refusal(response *http.Response, sent http.Header, used Credentials) error {
	// What can't be read doesn't matter: the status says enough.
	body, _ := io.ReadAll(io.LimitReader(response.Body, mostOfError))
	var answer struct {
		Error serverError `json:"error"`
	}
	if json.Unmarshal(body, &answer) != nil {
		answer.Error = serverError{Reason: strings.TrimSpace(string(body))} // of a proxy, or 401
	}
	hide := hider(sent, used)
	return &Error{
		StatusCode: response.StatusCode,
		Type:       hide(answer.Error.Type), Reason: hide(answer.Error.Reason),
		kind: kindOfStatus(response.StatusCode, answer.Error.Type), again: repeatable(response.StatusCode),
	}
}

// hider makes what takes out of a text that came from outside whatever we have sent to prove who we
// are, in case that it was sent back.
func hider(sent http.Header, used Credentials) func(string) string {
	var secrets []string
	add := func(text string) {
		if text != "" {
			secrets = append(secrets, text, "*****")
		}
	}
	_, token, _ := strings.Cut(sent.Get("Authorization"), " ")
	add(token)
	if _, signature, ok := strings.Cut(token, "Signature="); ok {
		add(signature)
	}
	add(sent.Get("X-Amz-Security-Token"))
	if used.Password.Reveal() != "" {
		add(base64.StdEncoding.EncodeToString([]byte(used.Username + ":" + used.Password.Reveal())))
		add(used.Password.Reveal())
	}
	replace := strings.NewReplacer(secrets...)
	return func(text string) string {
		text = replace.Replace(text)
		if runes := []rune(text); len(runes) > mostOfReason {
			text = string(runes[:mostOfReason]) + "…"
		}
		return text
	}
}
