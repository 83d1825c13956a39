package jsonfield

import "errors"

// ErrPanicked is the error of a method that panicked. It contains nothing of the panic, which may
// show a value.
var ErrPanicked = errors.New("has a method that panics, such as one of an embedded pointer that is nil")

// Call calls f, which calls methods of types that are not known, such as MarshalJSON. If one of
// them panics, Call returns [ErrPanicked].
func Call(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = ErrPanicked
		}
	}()
	return f()
}
