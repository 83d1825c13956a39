package envtest

import (
	"fmt"
	"io"
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
		end, err := tail(path, n)
		if err != nil {
			end = err.Error()
		}
		fmt.Fprintf(&b, "--- %s\n%s\n", filepath.Base(path), end)
	}
	return b.String()
}

// tail returns the last n lines of a file.
func tail(path string, n int) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(io.NewSectionReader(f, max(0, info.Size()-maxTail), maxTail))
	if err != nil {
		return "", err
	}
	lines := strings.Split(strings.TrimRight(string(data), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n"), nil
}
