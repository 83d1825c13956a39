package opensearch

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
)

// call is one request.
type call struct {
	method, path string
	params       url.Values
	body         []byte
	lines        bool  // the body is JSON in lines
	read         bool  // it changes nothing, so it may be repeated
	most         int64 // bytes of the answer; 0: mostOfAnswer
}

// checked is an answer that can be incomplete although its status code is that of a success.
type checked interface {
	// check returns an error if something is missing.
	check() error
}

// mostOfError limits what is read of an error response.
const mostOfError = 64 << 10

// send sends a request, repeats it if that may help, and decodes the answer's JSON into answer,
// unless that is nil. An answer that is incomplete is an error, but decoded.
func (c *cluster) send(ctx context.Context, call call, answer any) error {
	for attempt := 1; ; attempt++ {
		err := c.attempt(ctx, call, answer)
		var failed *Error
		if err == nil || !call.read || attempt == mostAttempts || !errors.As(err, &failed) || !failed.again {
			return err
		}
		if !pause(ctx, c.firstPause<<(attempt-1)) {
			return ended(ctx)
		}
	}
}

// attempt sends a request, and once more if the credentials were refused and there are new ones. A
// refused request has changed nothing, so this applies to writes as well.
func (c *cluster) attempt(ctx context.Context, call call, answer any) error {
	used, err := c.credentials(ctx)
	if err != nil {
		return err
	}
	err = c.once(ctx, call, used, answer)
	var failed *Error
	if c.basic == nil || !errors.As(err, &failed) || failed.StatusCode != http.StatusUnauthorized {
		return err
	}
	switch others, problem := c.renew(ctx, used); {
	case problem != nil:
		return problem
	case !others:
		return err
	}
	if used, err = c.credentials(ctx); err != nil {
		return err
	}
	return c.once(ctx, call, used, answer)
}

func (c *cluster) credentials(ctx context.Context) (Credentials, error) {
	if c.basic == nil {
		return Credentials{}, nil
	}
	limited, cancel := c.limit(ctx)
	defer cancel()
	got, err := c.basic.get(limited)
	if err != nil {
		return Credentials{}, failure(ctx, limited, err)
	}
	return got, nil
}

func (c *cluster) renew(ctx context.Context, refused Credentials) (bool, error) {
	limited, cancel := c.limit(ctx)
	defer cancel()
	others, err := c.basic.renew(limited, refused)
	if err != nil {
		return false, failure(ctx, limited, err)
	}
	return others, nil
}

// limit returns a context for one request, or for reading a secret.
func (c *cluster) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, c.timeout, &timeoutError{after: c.timeout})
}

// once sends a request a single time.
func (c *cluster) once(ctx context.Context, call call, used Credentials, answer any) error {
	limited, cancel := c.limit(ctx)
	defer cancel()
	target := url.URL{Path: call.path, RawQuery: call.params.Encode()}
	request, err := http.NewRequestWithContext(limited, call.method, target.String(), bytes.NewReader(call.body))
	if err != nil {
		return err
	}
	if len(call.body) > 0 {
		request.Header.Set("Content-Type", "application/json")
		if call.lines {
			request.Header.Set("Content-Type", "application/x-ndjson")
		}
	}
	if c.basic != nil {
		request.SetBasicAuth(used.Username, used.Password.Reveal())
	}
	response, err := c.http.Stream(request)
	if response != nil && response.Body != nil {
		defer func() { _ = response.Body.Close() }()
	}
	c.sent.add(request.Header, used)
	if response != nil && response.Request != nil {
		c.sent.add(response.Request.Header, used) // with the signature
	}
	if err != nil {
		failed := failure(ctx, limited, err)
		var e, known *Error
		if !errors.As(err, &known) && errors.As(failed, &e) && e.ended == nil { // known: it was not sent
			e.Hint = c.schemeHint(err)
		}
		return failed
	}
	c.answered.Store(true)
	if response.StatusCode/100 != 2 {
		return c.refusal(response)
	}
	body, err := readAnswer(response, cmp.Or(call.most, mostOfAnswer))
	if err != nil {
		return failure(ctx, limited, err)
	}
	if answer == nil {
		return nil
	}
	reflect.ValueOf(answer).Elem().SetZero() // of an earlier attempt
	if err := json.Unmarshal(body, answer); err != nil {
		return &Error{Err: fmt.Errorf("the answer can't be decoded: %w", err)}
	}
	if part, ok := answer.(checked); ok {
		return part.check()
	}
	return nil
}

// failure returns the error of a request without an answer, or without all of it. ctx is the
// caller's context, limited that of the request.
func failure(ctx, limited context.Context, err error) error {
	if ctx.Err() != nil {
		return ended(ctx)
	}
	var late *timeoutError
	if cause := context.Cause(limited); errors.As(cause, &late) {
		err = cause
	}
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	return &Error{Err: err, kind: kindOf(err), again: network(err)}
}
