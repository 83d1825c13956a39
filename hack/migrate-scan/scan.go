package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/find"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/python"
)

// maxFile is the largest file that is read, in bytes: nobody writes larger ones.
const maxFile = 4 << 20

// result is what was found in one file.
type result struct {
	source   source
	looked   bool // it is in one of the languages
	findings []old.Finding
	skipped  *skipped
}

// scan looks at files, as many at a time as there are processors, and returns what it found in
// their order.
func scan(sources []source, p *progress) []result {
	results := make([]result, len(sources))
	next := make(chan int)
	done := make(chan struct{}, len(sources))
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(sources)) {
		workers.Go(func() {
			for i := range next {
				results[i] = look(sources[i])
				done <- struct{}{}
			}
		})
	}
	go func() {
		defer close(next)
		for i := range sources {
			next <- i
		}
	}()
	for i := range sources {
		<-done
		p.done(i+1, len(sources))
	}
	workers.Wait()
	return results
}

// look reads one file and looks for the old API in it.
func look(s source) (r result) {
	r = result{source: s, looked: true}
	defer func() {
		// The parsers for Go and shell are others' work; one file must not end the whole run.
		if reason := recover(); reason != nil {
			r.skipped = &skipped{File: s.path, Reason: fmt.Sprint("its parser gave up: ", reason)}
		}
	}()
	data, language, err := read(s)
	if err != nil {
		r.skipped = &skipped{File: s.path, Reason: err.Error()}
		return r
	}
	if language == unknownLanguage {
		r.looked = false
		return r
	}
	text, err := decode(data, language)
	if err != nil {
		r.skipped = &skipped{File: s.path, Reason: err.Error()}
		return r
	}
	r.findings, err = findIn(text, language, s.absolute)
	if err != nil {
		r.skipped = &skipped{File: s.path, Reason: err.Error(), Partly: true}
	}
	return r
}

// read returns a file's bytes. A script in no language that is looked at isn't read to its end.
func read(s source) (data []byte, l language, err error) {
	file, err := os.Open(s.absolute)
	if err != nil {
		return nil, s.language, reasonOf(err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return nil, s.language, reasonOf(err)
	}
	l = s.language
	var head []byte
	if l == scriptLanguage {
		if head, err = io.ReadAll(io.LimitReader(file, firstLine)); err != nil {
			return nil, l, reasonOf(err)
		}
		if l = interpreted(head); l == unknownLanguage {
			return nil, l, nil
		}
	}
	if info.Size() > maxFile {
		return nil, l, fmt.Errorf("has %d bytes; files of more than %d MB are not read", info.Size(), maxFile>>20)
	}
	rest, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, l, reasonOf(err)
	}
	if len(head)+len(rest) > maxFile {
		return nil, l, fmt.Errorf("grows while it is read, beyond %d MB", maxFile>>20)
	}
	return append(head, rest...), l, nil
}

func decode(data []byte, l language) (string, error) {
	if l == pythonLanguage {
		return python.Decode(data)
	}
	switch text := string(data); {
	case strings.ContainsRune(text, 0):
		return "", errors.New("has NUL bytes, so it is no source")
	case !utf8.ValidString(text):
		return "", errors.New("is not UTF-8")
	default:
		return strings.TrimPrefix(text, "\uFEFF"), nil
	}
}

func findIn(text string, l language, path string) ([]old.Finding, error) {
	switch l {
	case pythonLanguage:
		return find.Python(text, path)
	case goLanguage:
		return find.Go(text)
	case makeLanguage:
		return find.Makefile(text)
	case dockerLanguage:
		return find.Dockerfile(text)
	}
	return find.Shell(text)
}
