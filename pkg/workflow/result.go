package workflow

import (
	"encoding/json"
	"errors"
)

// Result holds both results of a call in one value, e.g. to send it over a channel. Its JSON form
// is {"success":true,"data":…} or {"success":false,"error":"…"}.
type Result[T any] struct {
	Data T
	Err  error // nil on success
}

// ResultOf returns the Result of a call, as in ResultOf(client.Get(ctx, name)).
func ResultOf[T any](data T, err error) Result[T] {
	return Result[T]{Data: data, Err: err}
}

// Success reports whether the call succeeded.
func (r Result[T]) Success() bool { return r.Err == nil }

// Unwrap returns the two results of the call.
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

// UnmarshalJSON implements [json.Unmarshaler]. It restores only the string of an error; an empty
// one becomes "unknown error".
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
		r.Err = errors.New("unknown error")
	case form.Data != nil:
		r.Data = *form.Data
	}
	return nil
}
