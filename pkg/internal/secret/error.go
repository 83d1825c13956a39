package secret

import "errors"

// Error returns err if [Scrub] finds nothing in its text, else an error with the scrubbed text that
// matches the same targets. That error does not unwrap to err, since loggers write the text of
// every error in a chain.
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
