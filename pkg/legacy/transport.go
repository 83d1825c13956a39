package legacy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/fault"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

const (
	// pollFor is how many seconds a watch lasts if its output can only be read at its end.
	pollFor = 5
	// openFor is how long kubectl may take to report that a watch failed. After that, the watch
	// counts as open even if there was no event.
	openFor = 3 * time.Second
)

// transport makes requests of the Kubernetes API with kubectl and converts its output to responses.
type transport struct{ executor CommandExecutor }

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	watch, log := follows(req.URL.Query())
	streamer, streams := t.executor.(CommandStreamer)
	if !streams && log {
		return nil, unsentError{unsupported("a log that is followed, without a CommandStreamer")}
	}
	if !streams && watch {
		req = shorter(req)
	}
	if asksForMetadata(req) {
		req = smaller(req)
	}
	cmd, err := commandFor(req)
	if err != nil {
		return nil, unsentError{err}
	}
	if streams && req.Method == http.MethodGet {
		return streamed(req, cmd, streamer, watch)
	}
	out, err := t.executor.ExecuteCommand(req.Context(), cmd)
	if err != nil {
		return nil, err
	}
	if !out.Success() {
		return refused(req, cmd, out)
	}
	return answer(req, success(req), io.NopCloser(strings.NewReader(out.Stdout))), nil
}

// Backend is the backend in the errors and events of the client that uses the transport.
func (t *transport) Backend() workflow.Backend { return workflow.BackendKubectl }

// asksForMetadata reports whether a request is for the metadata of objects only. kubectl cannot
// request that and prints whole objects.
func asksForMetadata(req *http.Request) bool {
	return strings.Contains(req.Header.Get("Accept"), "as=PartialObjectMetadataList")
}

// smaller limits a page of objects, each of which can have a megabyte.
func smaller(req *http.Request) *http.Request {
	const most = 50
	req = req.Clone(req.Context())
	query := req.URL.Query()
	if limit, err := strconv.Atoi(query.Get("limit")); err != nil || limit == 0 || limit > most {
		query.Set("limit", strconv.Itoa(most))
	}
	req.URL.RawQuery = query.Encode()
	return req
}

// shorter makes a watch end soon.
func shorter(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	query := req.URL.Query()
	query.Set("timeoutSeconds", strconv.Itoa(pollFor))
	req.URL.RawQuery = query.Encode()
	return req
}

// streamed returns a response when kubectl has printed something or failed.
func streamed(req *http.Request, cmd Command, streamer CommandStreamer, watch bool) (*http.Response, error) {
	body, err := streamer.StreamCommand(req.Context(), cmd)
	if err != nil {
		return nil, err
	}
	b := &streamedBody{body: body, cmd: cmd, watch: watch, lines: bufio.NewReader(body), begun: make(chan struct{})}
	go func() {
		defer close(b.begun)
		_, b.err = b.lines.Peek(1)
	}()
	if watch {
		timer := time.NewTimer(openFor)
		defer timer.Stop()
		select {
		case <-b.begun:
		case <-timer.C:
			return answer(req, http.StatusOK, b), nil
		}
	} else {
		<-b.begun // the end of the context closes it, too
	}
	var failed *CommandError
	switch {
	case b.err == nil, errors.Is(b.err, io.EOF):
		return answer(req, http.StatusOK, b), nil
	case errors.As(b.err, &failed) && failed.Err == nil:
		_ = b.Close()
		return refused(req, cmd, CommandOutput{Stderr: failed.Stderr, ReturnCode: failed.ReturnCode})
	}
	_ = b.Close()
	return nil, b.err
}

// streamedBody is the output of kubectl while it runs. A later failure becomes an ERROR event of a
// watch, as the API server would send it, and otherwise a broken connection.
type streamedBody struct {
	body  io.ReadCloser
	cmd   Command
	watch bool
	lines *bufio.Reader
	begun chan struct{} // closed when something was read or reading failed with err
	err   error
	last  io.Reader // the ERROR event
}

// Read implements [io.Reader].
func (b *streamedBody) Read(p []byte) (int, error) {
	<-b.begun
	if b.last != nil {
		return b.last.Read(p)
	}
	n, err := b.lines.Read(p)
	var failed *CommandError
	switch {
	case !errors.As(err, &failed):
		return n, err
	case errors.Is(err, errSlotNeeded) && b.watch: // as the API server ends watches
		return n, io.EOF
	case errors.Is(err, errSlotNeeded):
		return n, io.ErrUnexpectedEOF
	case failed.Err != nil: // it was stopped here; this is not an answer of the API server
		return n, &fault.LastingError{Err: err}
	case n > 0:
		return n, err
	}
	status, other := failure(b.cmd, CommandOutput{Stderr: failed.Stderr, ReturnCode: failed.ReturnCode})
	if status == nil {
		return 0, errors.Join(io.ErrUnexpectedEOF, other)
	}
	if !b.watch {
		return 0, errors.Join(io.ErrUnexpectedEOF, failed)
	}
	event, err := json.Marshal(map[string]any{"type": "ERROR", "object": status})
	if err != nil {
		return 0, err
	}
	b.last = bytes.NewReader(append(event, '\n'))
	return b.last.Read(p)
}

// Close implements [io.Closer].
func (b *streamedBody) Close() error {
	err := b.body.Close()
	<-b.begun
	return err
}

// refused returns the response for a command that failed because the API server refused the
// request.
func refused(req *http.Request, cmd Command, out CommandOutput) (*http.Response, error) {
	status, err := failure(cmd, out)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(status)
	if err != nil {
		return nil, err
	}
	return answer(req, int(status.Code), io.NopCloser(bytes.NewReader(text))), nil
}

func success(req *http.Request) int {
	if req.Method == http.MethodPost {
		return http.StatusCreated
	}
	return http.StatusOK
}

func answer(req *http.Request, code int, body io.ReadCloser) *http.Response {
	return &http.Response{
		Status: strconv.Itoa(code) + " " + http.StatusText(code), StatusCode: code,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}}, Body: body, ContentLength: -1, Request: req,
	}
}
