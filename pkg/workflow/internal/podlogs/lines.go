package podlogs

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"time"
)

// rawLine is a line of a container's log as the API serves it.
type rawLine struct {
	time time.Time // zero: it has none
	text string
}

// lineReader splits a log into lines. It holds one line of bounded length at a time.
type lineReader struct {
	r      *bufio.Reader
	maxLen int // of a line, or of a piece of one, in bytes

	inLine bool      // a piece of the present line has been returned
	began  time.Time // the time of the present line

	// onLong, if it is set, is called before more than about shortLine bytes of a line are held.
	onLong func() error
}

func newLineReader(r io.Reader, maxLen int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(&stickyReader{src: r}, 16<<10), maxLen: maxLen}
}

// stickyReader returns an error again without reading on, which a [bufio.Reader] would do.
type stickyReader struct {
	src io.Reader
	err error
}

// Read implements [io.Reader].
func (r *stickyReader) Read(p []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	n, r.err = r.src.Read(p)
	return n, r.err
}

// next returns the next line, or the next piece of a long one. With an error it returns what has
// been read of a line that has not ended, if anything. The error at the regular end is io.EOF.
func (l *lineReader) next() (rawLine, error) {
	var data []byte
	for {
		if len(data) >= shortLine && l.onLong != nil {
			if err := l.onLong(); err != nil {
				return rawLine{}, err
			}
		}
		part, err := l.readSlice(l.maxLen - len(data))
		data = append(data, part...)
		switch {
		case err != nil:
			return l.line(data, true), err
		case data[len(data)-1] != '\n':
			if len(data) == l.maxLen {
				return l.line(data, false), nil
			}
		case l.inLine && len(data) == 1: // the line ended with the last piece
			l.inLine, data = false, nil
		default:
			return l.line(data[:len(data)-1], true), nil
		}
	}
}

// peek returns the time of the next line without reading the line. It blocks until the time has
// arrived. It returns the zero time for a line without one.
func (l *lineReader) peek() time.Time {
	for n := 1; ; n = l.r.Buffered() + 1 {
		_, err := l.r.Peek(min(n, maxTimestamp)) // how much it has read shows in Buffered
		data, _ := l.r.Peek(min(l.r.Buffered(), maxTimestamp))
		if err != nil || len(data) == maxTimestamp || bytes.ContainsAny(data, " \n") {
			return parseLine(data).time
		}
	}
}

// readSlice reads up to a line feed, limit bytes, or the end of what is buffered. The slice is valid
// until the next read.
func (l *lineReader) readSlice(limit int) ([]byte, error) {
	if _, err := l.r.Peek(1); err != nil {
		return nil, err
	}
	data, err := l.r.Peek(min(limit, l.r.Buffered()))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		data = data[:end+1]
	}
	_, err = l.r.Discard(len(data))
	return data, err
}

// maxTimestamp is the length of the longest time before a line, including the space behind it.
const maxTimestamp = len("2006-01-02T15:04:05.000000000-07:00 ")

// line returns the line, or the piece of one, with these bytes.
func (l *lineReader) line(data []byte, ends bool) rawLine {
	line := rawLine{time: l.began, text: string(data)}
	if !l.inLine {
		line = parseLine(data)
	}
	l.inLine, l.began = !ends, line.time
	return line
}

// parseLine separates a line from its time, which the kubelet writes before each line for the
// parameter timestamps. A line without a time is all text.
func parseLine(data []byte) rawLine {
	stamp, text, found := bytes.Cut(data, []byte{' '})
	if found && len(stamp) < maxTimestamp {
		if at, err := time.Parse(time.RFC3339Nano, string(stamp)); err == nil {
			return rawLine{time: at.UTC(), text: string(text)}
		}
	}
	return rawLine{text: string(data)}
}

// isCutTime reports whether text is the beginning of a time, with which a response ends that was cut
// off there.
func isCutTime(text string) bool {
	return len(text) < maxTimestamp && strings.Trim(text, "0123456789-+:.TZ") == ""
}
