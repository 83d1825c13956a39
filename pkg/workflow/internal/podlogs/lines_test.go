package podlogs

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestParseLine(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 0, 0, 120, time.UTC)
	for _, tc := range []struct {
		in   string
		want rawLine
	}{
		{"2026-11-23T10:00:00.000000120Z hello", rawLine{at, "hello"}},
		{"2026-11-23T12:00:00.000000120+02:00 other zone", rawLine{at, "other zone"}},
		{"2026-11-23T10:00:00.000000120Z ", rawLine{at, ""}},
		{"2026-11-23T10:00:00.000000120Z  two spaces, a return\r", rawLine{at, " two spaces, a return\r"}},
		{"2026-11-23T10:00:00.000000120Z \x00\xff\x1b[1m", rawLine{at, "\x00\xff\x1b[1m"}},
		{"2026-11-23T10:00:00.000000120Z", rawLine{text: "2026-11-23T10:00:00.000000120Z"}}, // cut off: never served like this
		{"failed to open log file: no such file", rawLine{text: "failed to open log file: no such file"}},
		{"2026-13-23T10:00:00Z no such month", rawLine{text: "2026-13-23T10:00:00Z no such month"}},
		{strings.Repeat("x", 100) + " long word", rawLine{text: strings.Repeat("x", 100) + " long word"}},
		{"", rawLine{}},
	} {
		if got := parseLine([]byte(tc.in)); !got.time.Equal(tc.want.time) || got.text != tc.want.text {
			t.Errorf("%q: %v %q, want %v %q", tc.in, got.time, got.text, tc.want.time, tc.want.text)
		}
	}
}

// readLines returns the lines of a text, and what follows the last line feed.
func readLines(t *testing.T, r io.Reader, maxLen int) (pieces []string, rest string) {
	t.Helper()
	lines := newLineReader(r, maxLen)
	for {
		line, err := lines.next()
		if len(line.text) > maxLen {
			t.Fatalf("a piece has %d bytes, more than %d", len(line.text), maxLen)
		}
		if errors.Is(err, io.EOF) {
			return pieces, line.text
		}
		if err != nil {
			t.Fatal(err)
		}
		pieces = append(pieces, line.text)
	}
}

func TestLineReader(t *testing.T) {
	const stamp = "2026-11-23T10:00:00.000000120Z " // 31 bytes
	for _, tc := range []struct {
		name, in string
		maxLen   int
		want     []string
		rest     string
	}{
		{"nothing", "", 40, nil, ""},
		{"lines", stamp + "a\n" + stamp + "\n" + stamp + "b\n", 40, []string{"a", "", "b"}, ""},
		{"no line feed at the end", stamp + "a\n" + stamp + "b", 40, []string{"a"}, "b"},
		{"a long line", stamp + "123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\n" + stamp + "b\n", 40,
			[]string{"123456789", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN", "OPQRSTUVWXYZ", "b"}, ""},
		{"a line of exactly that length", stamp + "123456789\n" + stamp + "b\n", 40, []string{"123456789", "b"}, ""},
		{"longer than the buffer", stamp + strings.Repeat("x", 50<<10) + "\n", 1 << 20, []string{strings.Repeat("x", 50<<10)}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, r := range []io.Reader{
				strings.NewReader(tc.in), iotest.OneByteReader(strings.NewReader(tc.in)), iotest.DataErrReader(strings.NewReader(tc.in)),
			} {
				got, rest := readLines(t, r, tc.maxLen)
				if !slices.Equal(got, tc.want) || rest != tc.rest {
					t.Errorf("%q and %q, want %q and %q", got, rest, tc.want, tc.rest)
				}
			}
		})
	}
}

// No byte is lost or added, whatever the input.
func FuzzLineReader(f *testing.F) {
	f.Add("a\nb\n\nc", uint8(3))
	f.Add(strings.Repeat("x", 100)+"\n\r\n\x00", uint8(33))
	f.Fuzz(func(t *testing.T, text string, size uint8) {
		if strings.Contains(text, "20") { // it could be a timestamp, which is removed
			t.Skip()
		}
		maxLen := int(size)%60 + 2
		pieces, rest := readLines(t, strings.NewReader(text), maxLen)
		joined := strings.ReplaceAll(strings.Join(pieces, "")+rest, "\n", "")
		if want := strings.ReplaceAll(text, "\n", ""); joined != want {
			t.Errorf("%q, want %q", joined, want)
		}
		if len(pieces) < strings.Count(text, "\n") {
			t.Errorf("%d pieces of %d lines", len(pieces), strings.Count(text, "\n"))
		}
	})
}

// A connection that has failed is not read again.
func TestLogIsNotReadAfterItsError(t *testing.T) {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF} {
		reads := 0
		lines := newLineReader(readerFunc(func([]byte) (int, error) { reads++; return 0, end }), MaxLine)
		lines.peek()
		if _, err := lines.next(); !errors.Is(err, end) || reads != 1 {
			t.Errorf("%v after %d reads", err, reads)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
