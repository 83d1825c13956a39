package secret

import "errors"

// Error returns err, or an error that reads like it without the secrets that are known by their form, and
// is matched like it. It doesn't unwrap to err: loggers write the texts of all errors of a chain.
func Error(err error) error {
	text := err.Error()
	if shown := Scrub(text); shown != text {
		return &scrubbedError{shown, err}
	}
	return err
}

type scrubbedError struct {
	text string
	err  error
}

func (e *scrubbedError) Error() string        { return e.text }
func (e *scrubbedError) Is(target error) bool { return errors.Is(e.err, target) }
func (e *scrubbedError) As(target any) bool   { return errors.As(e.err, target) }
