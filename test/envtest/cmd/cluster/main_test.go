package main

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
)

func TestComplaintsArePrintable(t *testing.T) {
	var out strings.Builder
	complain(&out, errors.New("the end of the log:\n\x1b[2Kready\r\u202e"))
	if want := "cluster: the end of the log:\n\\u001b[2Kready\\r\\u202e\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// The line is for a shell, which is to take the path as it is.
func TestShellWord(t *testing.T) {
	for _, path := range []string{"/tmp/a", "/tmp/it's", "/tmp/'; touch x; '", "/tmp/$(id) `id`\nb"} {
		out, err := exec.CommandContext(t.Context(), "sh", "-c", "printf %s "+shellWord(path)).Output()
		if err != nil || string(out) != path {
			t.Errorf("%q, %v, want %q", out, err, path)
		}
	}
}
