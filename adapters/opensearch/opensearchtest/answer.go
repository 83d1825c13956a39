package opensearchtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// request is a request that may come in.
type request struct {
	method string
	parts  []string // of the path
	params url.Values
	body   []byte
	header http.Header
	host   string
}

// answer is what goes out.
type answer struct {
	status int
	header map[string]string
	body   []byte
}

func answerJSON(status int, body any) *answer {
	text, err := json.Marshal(body)
	if err != nil {
		text, status = []byte(`{"error":"the answer is no JSON"}`), http.StatusInternalServerError
	}
	return &answer{status: status, header: map[string]string{"Content-Type": "application/json; charset=UTF-8"}, body: text}
}

func answerProblem(p *problem) *answer { return answerJSON(p.Status, p.body()) }

func (a *answer) write(to http.ResponseWriter, method string) {
	for name, value := range a.header {
		to.Header().Set(name, value)
	}
	to.WriteHeader(a.status)
	if method != http.MethodHead {
		_, _ = to.Write(a.body) // whoever doesn't listen any more needs no answer
	}
}

// ServeHTTP implements [http.Handler].
func (c *Cluster) ServeHTTP(to http.ResponseWriter, from *http.Request) {
	body, err := io.ReadAll(from.Body)
	if err != nil {
		return // of a client that has gone
	}
	in := &request{
		method: from.Method, params: from.URL.Query(), body: body, header: from.Header, host: from.Host,
		parts: strings.FieldsFunc(from.URL.Path, func(r rune) bool { return r == '/' }),
	}
	f := c.strike(from.Method, from.URL.Path)
	entry := Request{Method: from.Method, Path: from.URL.Path, Query: from.URL.RawQuery, Host: from.Host}
	if f != nil && !f.wait(from.Context()) {
		c.log(entry)
		return
	}
	if f != nil && f.Cut {
		c.log(entry)
		cut(to)
		return
	}
	var out *answer
	switch {
	case f != nil && f.Status != 0:
		out = f.instead()
	case c.awaitShard(from.Context(), in):
		out = c.handle(in)
	default:
		c.log(entry)
		return
	}
	if f != nil && f.Rewrite != nil {
		out.body = f.Rewrite(out.body)
	}
	entry.Status = out.status
	c.log(entry)
	if f != nil && f.CutAfter {
		cut(to)
		return
	}
	out.write(to, from.Method)
}

// cut ends a connection without an answer.
func cut(to http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(to).Hijack(); err == nil {
		_ = conn.Close()
		return
	}
	to.WriteHeader(http.StatusBadGateway) // HTTP/2, of which one connection can't be taken
}
