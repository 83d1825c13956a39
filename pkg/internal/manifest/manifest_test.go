package manifest

import (
	"bytes"
	"runtime"
	"strings"
	"testing"
)

// Empty documents take no memory.
func TestManyEmptyDocuments(t *testing.T) {
	text := []byte(strings.Repeat("---\n", 500_000) + "a: 1\n")
	var document []byte
	var ok bool
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	document, ok = soleDocument(text)
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; !ok || string(bytes.TrimSpace(document)) != "a: 1" || took > uint64(3*len(text)) {
		t.Errorf("%t, %d bytes, %d MiB", ok, len(document), took>>20)
	}
	if line := bytes.Count(document, []byte("\n")); line != 500_001 {
		t.Errorf("it is on line %d", line)
	}
}
