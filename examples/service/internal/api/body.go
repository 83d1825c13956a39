package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"time"
	"unicode/utf8"
)

// maxBody limits the bytes of a request.
const maxBody = 64 << 10

// readBody reads the request's body into memory, within limits of size, time and concurrent bodies.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) error {
	if r.ContentLength == 0 {
		return nil
	}
	client := s.client(r)
	if !s.bodies.take(client) {
		return errTooManyCalls()
	}
	defer s.bodies.give(client)
	// Not all connections have deadlines; those of net/http do, and net/http resets this one at the
	// end of the body.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(s.opts.BodyTimeout))
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return malformed(err)
	}
	if !utf8.Valid(text) { // encoding/json would replace invalid characters
		return malformed(errors.New("JSON must be UTF-8"))
	}
	r.Body = io.NopCloser(bytes.NewReader(text))
	return nil
}

// read decodes a request's JSON into v. It is strict: no unknown fields, and nothing after the
// value. Without a body, v stays unchanged.
func read(r *http.Request, v any) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.ContentLength != 0 && (err != nil || media != "application/json") { // -1: a body of unknown length
		return &requestError{"UnsupportedMediaType", "the body must be application/json"}
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	decoder.UseNumber() // keeps numbers as written
	switch err := decoder.Decode(v); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return malformed(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("there is data after the JSON object")
		}
		return malformed(err)
	}
	return nil
}

func malformed(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return &requestError{"TooLarge", fmt.Sprintf("the body is larger than %d bytes", large.Limit)}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &requestError{"TooSlow", "the body did not arrive in time"}
	}
	return &requestError{"Malformed", "body: " + err.Error()}
}
