// Package marked replaces what commands write into pages. It stands between two lines:
//
//	<!-- begin NAME: written by COMMAND -->
//	<!-- end NAME -->
package marked

import (
	"fmt"
	"strings"
)

// Replace returns a page with the text between the lines of that name replaced. The text ends its
// own last line.
func Replace(page, name, text string) (string, error) {
	begin, end := "<!-- begin "+name+": ", "<!-- end "+name+" -->\n"
	before, rest, begun := strings.Cut(page, begin)
	command, rest, closed := strings.Cut(rest, "\n")
	_, after, ended := strings.Cut(rest, end)
	if !begun || !closed || !ended {
		return "", fmt.Errorf("it has no lines %q… and %q: put them where the text is to stand", begin, strings.TrimSpace(end))
	}
	return before + begin + command + "\n" + text + end + after, nil
}
