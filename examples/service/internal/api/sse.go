package api

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

const (
	// reconnectAfter is the delay after which a browser reconnects.
	reconnectAfter = 2 * time.Second
	// eventTimeout limits the time that a client takes to receive an event.
	eventTimeout = 10 * time.Second
)

// stream is a response of server-sent events. After the first error it must not be used.
type stream struct {
	w    http.ResponseWriter
	ctrl *http.ResponseController
}

// errNoBody: the request has the method HEAD.
var errNoBody = errors.New("only the headers were requested")

// newStream begins the response.
func newStream(w http.ResponseWriter, r *http.Request) (stream, error) {
	s := stream{w, http.NewResponseController(w)}
	header := w.Header()
	header.Set("Content-Type", "text/event-stream")
	header.Set("Cache-Control", "no-store")
	header.Set("X-Accel-Buffering", "no") // for proxies that would buffer events
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return s, errNoBody
	}
	return s, s.send(fmt.Appendf(nil, "retry: %d\n\n", reconnectAfter.Milliseconds()), true)
}

// event sends an event. data may have several lines.
func (s stream) event(id int64, name string, data []byte, flush bool) error {
	var b bytes.Buffer
	b.WriteString("id: " + strconv.FormatInt(id, 10) + "\nevent: " + name + "\n")
	for line := range bytes.SplitSeq(data, []byte{'\n'}) {
		b.WriteString("data: ")
		b.Write(bytes.ReplaceAll(line, []byte{'\r'}, nil)) // a carriage return would end a line, too
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return s.send(b.Bytes(), flush)
}

// alive shows that the connection works. It is an event, since browsers report nothing else to
// pages, and has no ID, since it changes nothing.
func (s stream) alive() error { return s.send([]byte("event: "+eventAlive+"\ndata: {}\n\n"), true) }

func (s stream) send(text []byte, flush bool) error {
	_ = s.ctrl.SetWriteDeadline(time.Now().Add(eventTimeout))
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	if flush {
		return s.ctrl.Flush()
	}
	return nil
}
