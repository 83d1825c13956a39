package workflow

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"time"
)

// rawLine is a line of a container's log as the API serves it.
type rawLine struct {
	time time.Time // zero: it had none
	text string
}

// lineReader splits a log into lines. It holds one line at a time, of bounded length.
type lineReader struct {
	r    *bufio.Reader
	most int // bytes of a line, or of a piece of one

	inLine bool // a piece of the present line was returned already
	began  time.Time

	// long, if it is set, is called before more than about shortLine of a line is held.
	long func() error
}

func newLineReader(r io.Reader, most int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(&endingReader{src: r}, 16<<10), most: most}
}

// endingReader doesn't read on after an error: a [bufio.Reader] does.
type endingReader struct {
	src io.Reader
	err error
}

// Read implements [io.Reader].
func (r *endingReader) Read(p []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	n, r.err = r.src.Read(p)
	return n, r.err
}

// next returns the next line, or the next piece of a long one. With an error it returns
// what there is of a line that has not ended, which can be nothing; io.EOF is the regular
// end of the text.
func (l *lineReader) next() (rawLine, error) {
	var data []byte
	for {
		if len(data) >= shortLine && l.long != nil {
			if err := l.long(); err != nil {
				return rawLine{}, err
			}
		}
		part, err := l.readSlice(l.most - len(data))
		data = append(data, part...)
		switch {
		case err != nil:
			return l.line(data, true), err
		case data[len(data)-1] != '\n':
			if len(data) == l.most {
				return l.line(data, false), nil
			}
		case l.inLine && len(data) == 1: // it ended with the last piece
			l.inLine, data = false, nil
		default:
			return l.line(data[:len(data)-1], true), nil
		}
	}
}

// peek returns the time of the next line, which is not read by that. It blocks until the time is
// there, and returns the zero time if there is none.
func (l *lineReader) peek() time.Time {
	for n := 1; ; n = l.r.Buffered() + 1 {
		_, err := l.r.Peek(min(n, maxTimestamp)) // that it is less is seen by what is buffered
		data, _ := l.r.Peek(min(l.r.Buffered(), maxTimestamp))
		if err != nil || len(data) == maxTimestamp || bytes.ContainsAny(data, " \n") {
			return parseLine(data).time
		}
	}
}

// readSlice reads up to a line feed, or most bytes, or what is buffered.
func (l *lineReader) readSlice(most int) ([]byte, error) {
	if _, err := l.r.Peek(1); err != nil {
		return nil, err
	}
	data, err := l.r.Peek(min(most, l.r.Buffered()))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if end := bytes.IndexByte(data, '\n'); end >= 0 {
		data = data[:end+1]
	}
	_, err = l.r.Discard(len(data)) // stays valid until the next read
	return data, err
}

// maxTimestamp is the length of the longest time before a line, its blank included.
const maxTimestamp = len("2006-01-02T15:04:05.000000000-07:00 ")

// line makes a line, or piece of one, of its bytes.
func (l *lineReader) line(data []byte, ends bool) rawLine {
	line := rawLine{time: l.began, text: string(data)}
	if !l.inLine {
		line = parseLine(data)
	}
	l.inLine, l.began = !ends, line.time
	return line
}

// parseLine takes the time off a line. The kubelet puts it there, in nanoseconds, for the
// parameter timestamps. A line that has none is text as a whole.
func parseLine(data []byte) rawLine {
	stamp, text, found := bytes.Cut(data, []byte{' '})
	if found && len(stamp) < maxTimestamp {
		if at, err := time.Parse(time.RFC3339Nano, string(stamp)); err == nil {
			return rawLine{time: at.UTC(), text: string(text)}
		}
	}
	return rawLine{text: string(data)}
}
