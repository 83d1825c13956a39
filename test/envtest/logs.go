package envtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// failedStartLines is how many lines of each log the error of a failed start contains.
	failedStartLines = 8

	// maxTail is how many bytes at a log's end are read.
	maxTail = 256 << 10
)

// createLog creates a log file that stays open until the cluster is stopped.
func (c *Cluster) createLog(name string) (*os.File, error) {
	f, err := os.Create(c.logPath(name))
	if err != nil {
		return nil, fmt.Errorf("create log of %s: %w", name, err)
	}
	c.logs = append(c.logs, f)
	return f, nil
}

// LogTails returns the last n lines of the log of each part, for the report of a failed spec. After
// Stop it returns "".
func (c *Cluster) LogTails(n int) string {
	paths, err := filepath.Glob(filepath.Join(c.logDir(), "*.log"))
	if err != nil {
		return err.Error() // impossible: the pattern is valid
	}
	var b strings.Builder
	for _, path := range paths {
		fmt.Fprintf(&b, "--- %s\n", filepath.Base(path))
		lines, err := tail(path, n)
		if err != nil {
			fmt.Fprintf(&b, "%v\n", err)
			continue
		}
		for _, line := range lines {
			fmt.Fprintf(&b, "%s\n", line)
		}
	}
	return b.String()
}

// tail returns the last n lines of a file.
func tail(path string, n int) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	start := max(0, info.Size()-maxTail)
	data := make([]byte, info.Size()-start)
	read, err := f.ReadAt(data, start)
	if err != nil {
		return nil, err
	}
	text := strings.TrimRight(string(data[:read]), "\n")
	if text == "" {
		return nil, nil
	}
	lines := strings.Split(text, "\n")
	return lines[max(0, len(lines)-n):], nil
}
