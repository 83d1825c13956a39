package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v3"
)

// checkData parses the blocks of data, and knows of every other language whether somebody looks at it.
func checkData(p *page) []problem {
	var problems []problem
	for _, f := range p.fences {
		var err error
		switch f.language {
		case "yaml":
			err = documents(yaml.NewDecoder(strings.NewReader(f.text)).Decode)
		case "json":
			err = documents(json.NewDecoder(strings.NewReader(f.text)).Decode)
		case "go", "sh", "mermaid", "text", "diff":
		case "promql": // test/promrules does
		case "":
			err = errors.New("it doesn't say its language; text is one")
		default:
			err = errors.New("nobody checks this language: use go, sh, yaml, json, mermaid, promql, diff or text")
		}
		if err != nil {
			problems = append(problems, problem{p.file, f.line, fmt.Sprintf("block of %q: %v", f.language, err)})
		}
	}
	return problems
}

// documents reads one after the other to the end; there has to be one.
func documents(decode func(any) error) error {
	for count := 0; ; count++ {
		var value any
		if err := decode(&value); errors.Is(err, io.EOF) && count > 0 {
			return nil
		} else if err != nil {
			return err
		}
	}
}
