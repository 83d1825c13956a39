package workflow

import (
	"encoding/json"
	"errors"
)

// Result is a call's outcome as one value, to be sent over a channel, collected from many
// calls, or written as JSON: {"success":…,"data":…,"error":…}, with data on success and
// error, a text, on failure.
type Result[T any] struct {
	Data T
	Err  error // nil: success
}

// ResultOf takes what a call returned: ResultOf(client.Get(ctx, name)).
func ResultOf[T any](data T, err error) Result[T] {
	return Result[T]{Data: data, Err: err}
}

// Success reports whether the call succeeded.
func (r Result[T]) Success() bool { return r.Err == nil }

// Unwrap gives back the call's two results.
func (r Result[T]) Unwrap() (T, error) { return r.Data, r.Err }

type resultJSON[T any] struct {
	Success bool    `json:"success"`
	Data    *T      `json:"data,omitempty"`
	Error   *string `json:"error,omitempty"`
}

// MarshalJSON implements [json.Marshaler].
func (r Result[T]) MarshalJSON() ([]byte, error) {
	form := resultJSON[T]{Success: r.Success()}
	if r.Err != nil {
		text := r.Err.Error()
		form.Error = &text
	} else {
		form.Data = &r.Data
	}
	return json.Marshal(form)
}

// UnmarshalJSON implements [json.Unmarshaler]. Of an error only the text comes back; one
// without a text reads "Unknown error".
func (r *Result[T]) UnmarshalJSON(text []byte) error {
	var form resultJSON[T]
	if err := json.Unmarshal(text, &form); err != nil {
		return err
	}
	*r = Result[T]{}
	switch {
	case !form.Success && form.Error != nil && *form.Error != "":
		r.Err = errors.New(*form.Error)
	case !form.Success:
		r.Err = errors.New("Unknown error")
	case form.Data != nil:
		r.Data = *form.Data
	}
	return nil
}
