package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// ask puts the question until there is an answer to it. Reading can't be interrupted, so it goes on
// in the background when ctx ends, as the program does.
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
					return false, errors.New("no decision: the input has ended")
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
