package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
)

// maxBody is how many bytes a request may have.
const maxBody = 64 << 10

// read reads a request's JSON into v, and is strict: no unknown field, nothing behind it. No body at
// all leaves v as it is.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	body := http.MaxBytesReader(w, r.Body, maxBody)
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.ContentLength != 0 && (err != nil || media != "application/json") { // -1: there is some, of unknown length
		return &requestError{"UnsupportedMediaType", "the body has to be application/json"}
	}
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	decoder.UseNumber() // as it was written
	switch err := decoder.Decode(v); {
	case errors.Is(err, io.EOF):
		return nil
	case err != nil:
		return malformed(err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		if err == nil {
			err = errors.New("there is something behind the JSON object")
		}
		return malformed(err)
	}
	return nil
}

func malformed(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &requestError{"TooLarge", fmt.Sprintf("the body may have %d bytes", large.Limit)}
	}
	return &requestError{"Malformed", "body: " + err.Error()}
}
