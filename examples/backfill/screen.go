package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// Defaults for a terminal that doesn't report its size.
const (
	usualWidth  = 80
	usualHeight = 24
)

// screen is the area below the cursor of a terminal, to be drawn repeatedly.
type screen struct {
	out   io.Writer
	size  func() (width, height int, err error)
	drawn int // the number of lines
}

// draw replaces the previous lines, each truncated at the edge, and only as many as fit without
// scrolling.
func (s *screen) draw(lines []string) error {
	width, height, err := s.size()
	if err != nil || width <= 0 || height <= 0 {
		width, height = usualWidth, usualHeight
	}
	if most := max(height-1, 1); len(lines) > most {
		lines = append(lines[:most-1:most-1], "…")
	}
	var b strings.Builder
	s.home(&b)
	for _, line := range lines {
		line = cut(status.Printable(line), width-1)
		b.WriteString(line + "\x1b[K\n") // erases the rest of the previous line
	}
	b.WriteString("\x1b[J")
	s.drawn = len(lines)
	_, err = io.WriteString(s.out, b.String())
	return err
}

// clear removes all lines.
func (s *screen) clear() {
	var b strings.Builder
	s.home(&b)
	s.drawn = 0
	fmt.Fprint(s.out, b.String()+"\x1b[J")
}

func (s *screen) home(b *strings.Builder) {
	b.WriteString("\r")
	if s.drawn > 0 {
		fmt.Fprintf(b, "\x1b[%dA", s.drawn)
	}
}

// cut truncates a line to that many columns of a terminal, where it would wrap. It counts
// characters one by one, since not every terminal combines those that belong together.
func cut(line string, columns int) string {
	const ellipsis = '…'
	taken, end := 0, 0
	for at, r := range line {
		if taken <= columns-runewidth.RuneWidth(ellipsis) {
			end = at
		}
		if taken += runewidth.RuneWidth(r); taken > columns {
			return line[:end] + string(ellipsis)
		}
	}
	return line
}
