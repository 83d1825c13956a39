package wfjson

import (
	"errors"
	"fmt"
	"io"
)

// ErrNotObject is the error for JSON that is not an object.
var ErrNotObject = errors.New("no object to read a workflow from")

// SyntaxError says where JSON is not valid, but not what is there.
type SyntaxError struct {
	// Offset is the position of the byte in the input; for JSON that ends too early, its length.
	Offset int
	// Reason says what is wrong there, e.g. "want a colon".
	Reason string
	// Err is [io.ErrUnexpectedEOF] for JSON that ends too early, else nil.
	Err error
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("JSON at byte %d: %s", e.Offset, e.Reason) }
func (e *SyntaxError) Unwrap() error { return e.Err }

// syntaxError returns err, or if the input of s ended too early, the SyntaxError that says so.
func (s *scanner) syntaxError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return &SyntaxError{Offset: len(s.buf), Reason: "it ends too early", Err: err}
	}
	return err
}
