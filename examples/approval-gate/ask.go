package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ask repeats the question until it is answered. A read can't be interrupted, so it continues in
// the background after ctx ends, until the program exits.
func ask(in io.Reader, out io.Writer) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		lines := make(chan string)
		go func() {
			defer close(lines)
			for scanner := bufio.NewScanner(in); scanner.Scan(); {
				select {
				case lines <- scanner.Text():
				case <-ctx.Done():
					return
				}
			}
		}()
		for {
			fmt.Fprint(out, "approve or reject? ")
			select {
			case <-ctx.Done():
				return false, context.Cause(ctx)
			case line, ok := <-lines:
				if !ok {
					return false, errors.New("no decision: end of input")
				}
				switch strings.TrimSpace(line) {
				case "approve":
					return true, nil
				case "reject":
					return false, nil
				}
			}
		}
	}
}
