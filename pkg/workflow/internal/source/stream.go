package source

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"k8s.io/apimachinery/pkg/watch"
)

// maxEvent bounds the length of an event, in bytes. etcd's default limit for an object is 1.5 MiB.
const maxEvent = 64 << 20

// jsonStream reads events off the body of an answer. The API server writes each one on a line.
type jsonStream struct {
	body io.Closer
	src  bodyReader
	buf  []byte // buf[start:] has been read and not been returned yet
	start,
	searched int // buf[start:searched] has no end of a line
}

func newJSONStream(body io.ReadCloser, progress func()) *jsonStream {
	return &jsonStream{body: body, src: bodyReader{src: body, progress: progress}}
}

func (s *jsonStream) Close() { _ = s.body.Close() }

func (s *jsonStream) Next() (Event, error) {
	kind, object, err := s.next()
	if err != nil {
		return Event{}, err
	}
	return newEvent(kind, object)
}

// next returns the type and the object of the next event. The object is valid until the next call.
func (s *jsonStream) next() (watch.EventType, []byte, error) {
	for {
		var end int
		var readErr error
		if at := bytes.IndexByte(s.buf[s.searched:], '\n'); at >= 0 {
			end = s.searched + at
			s.searched = end + 1
		} else {
			s.searched = len(s.buf)
			if readErr = s.fill(); readErr == nil {
				continue
			}
			end = len(s.buf)
		}
		line := s.buf[s.start:end]
		if len(bytes.TrimSpace(line)) == 0 {
			s.start = s.searched
			if readErr != nil {
				return "", nil, readErr
			}
			continue
		}
		kind, object, err := splitEvent(line)
		switch {
		case errors.Is(err, errUnfinished) && readErr == nil:
			continue // a proxy may have put the event on several lines
		case errors.Is(err, errUnfinished) && errors.Is(readErr, io.EOF):
			return "", nil, io.ErrUnexpectedEOF
		case err != nil && readErr != nil:
			return "", nil, readErr
		}
		s.start = s.searched
		if err != nil {
			return "", nil, &WatchError{Err: err}
		}
		return kind, object, nil
	}
}

// fill reads into buf, after making room for at least as much as there is.
func (s *jsonStream) fill() error {
	const (
		least = 32 << 10
		large = 1 << 20 // a buffer above this is released once it is empty
	)
	if s.start == len(s.buf) {
		s.buf, s.start, s.searched = s.buf[:0], 0, 0
		if cap(s.buf) > large {
			s.buf = nil
		}
	}
	if unread := len(s.buf) - s.start; unread >= maxEvent {
		return &WatchError{Err: fmt.Errorf("watch event is longer than %d MiB", maxEvent>>20)}
	} else if len(s.buf) == cap(s.buf) {
		room := s.buf
		if 2*unread > cap(s.buf) || cap(s.buf) == 0 {
			room = make([]byte, 0, max(least, 2*cap(s.buf)))
		}
		s.buf, s.searched = append(room[:0], s.buf[s.start:]...), s.searched-s.start
		s.start = 0
	}
	n, err := s.src.Read(s.buf[len(s.buf):cap(s.buf)])
	s.buf = s.buf[:len(s.buf)+n]
	if n > 0 {
		return nil // the next Read returns err again
	}
	return err
}

// errUnfinished means that the bytes read so far are not a complete event.
var errUnfinished = errors.New("unfinished event")

// splitEvent separates the object of an event, which it leaves as it is, from the event's type.
func splitEvent(line []byte) (watch.EventType, []byte, error) {
	// The API server writes {"type":"MODIFIED","object":{…}}, so this usually needs no parser.
	if rest, ok := bytes.CutPrefix(line, []byte(`{"type":"`)); ok {
		kind, rest, ok := bytes.Cut(rest, []byte(`","object":`))
		if object, closed := bytes.CutSuffix(rest, []byte("}")); ok && closed && len(kind) < 20 && bytes.HasSuffix(object, []byte("}")) {
			return watch.EventType(kind), object, nil
		}
	}
	var event struct {
		Type   watch.EventType `json:"type"`
		Object json.RawMessage `json:"object"`
	}
	err := json.Unmarshal(line, &event)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && syntax.Offset >= int64(len(line)) {
		return "", nil, errUnfinished
	}
	if err != nil {
		return "", nil, errors.New("watch event is not valid JSON")
	}
	return event.Type, event.Object, nil
}
