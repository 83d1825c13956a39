// Command pod is what the containers of a real node run, whatever command they name: the images that a
// cluster with [envtest.Options.Node] serves have nothing else. It is a static program.
//
// In a Workflow's pod it obeys the annotations of package envtest, except that a change of the duration
// arrives in a file; the echo of an image also prints its arguments. In any other pod it stays until it is
// told to end. A spec can also name what it does:
//
//	pod print N EVERY   print N lines, one every EVERY (a duration)
//	pod exit CODE TEXT  print TEXT, leave it as the termination message, and exit with CODE
//	pod eat             take memory until it is killed
//	pod stay            stay, print the signals that arrive, and end with 7 a second after SIGTERM
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	argoFolder     = "/var/run/argo"
	terminationLog = "/dev/termination-log"
	annotation     = "envtest.argoservice/"
	pollInterval   = 50 * time.Millisecond
)

func main() {
	code, err := run(filepath.Base(os.Args[0]), os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "pod:", err)
		code = 125
	}
	os.Exit(code)
}

func run(name string, args []string) (int, error) {
	if name == "pod" && len(args) > 0 {
		return perform(args[0], append(args[1:], "", ""))
	}
	if name == "echo" {
		fmt.Println(strings.Join(args, " "))
	}
	text, err := os.ReadFile(argoFolder + "/template")
	if errors.Is(err, fs.ErrNotExist) || err == nil && os.Getenv("ARGO_CONTAINER_NAME") != "main" {
		signals := make(chan os.Signal, 1)
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)
		<-signals
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var t template
	if err := json.Unmarshal(text, &t); err != nil {
		return 0, err
	}
	return t.run()
}

// template is the part of Argo's template that counts.
type template struct {
	Metadata struct{ Annotations map[string]string }
	Outputs  struct {
		Parameters []struct {
			Name      string
			ValueFrom struct{ Path string }
		}
	}
}

func (t template) run() (int, error) {
	if progress := t.annotation("progress"); progress != "" {
		if err := os.WriteFile(os.Getenv("ARGO_PROGRESS_FILE"), []byte(progress), 0o600); err != nil {
			return 0, err
		}
	}
	if err := t.wait(); err != nil {
		return 0, err
	}
	if err := t.writeOutputs(); err != nil {
		return 0, err
	}
	code, err := strconv.Atoi("0" + t.annotation("exit-code"))
	if message := t.annotation("message"); err == nil && code != 0 && message != "" {
		err = os.WriteFile(terminationLog, []byte(message), 0o600)
	}
	return code, err
}

func (t template) annotation(name string) string { return t.Metadata.Annotations[annotation+name] }

// wait blocks for the duration, which can change meanwhile.
func (t template) wait() error {
	began := time.Now()
	for {
		lasts := pollInterval
		text := t.annotation("duration")
		if changed, err := os.ReadFile(argoFolder + "/envtest-duration"); err == nil {
			text = string(changed)
		}
		if text != "" {
			var err error
			if lasts, err = time.ParseDuration(text); err != nil {
				return err
			}
		}
		if time.Since(began) >= lasts {
			return nil
		}
		time.Sleep(pollInterval)
	}
}

// writeOutputs writes the output parameters to the files that the template names.
func (t template) writeOutputs() error {
	text := t.annotation("outputs")
	if text == "" {
		return nil
	}
	var outputs struct {
		Parameters []struct{ Name, Value string }
	}
	if err := json.Unmarshal([]byte(text), &outputs); err != nil {
		return err
	}
	for _, value := range outputs.Parameters {
		for _, p := range t.Outputs.Parameters {
			if p.Name != value.Name || p.ValueFrom.Path == "" {
				continue
			}
			if err := os.WriteFile(p.ValueFrom.Path, []byte(value.Value), 0o600); err != nil {
				return err
			}
		}
	}
	return nil
}

// perform does what a spec asks for.
func perform(verb string, args []string) (int, error) {
	switch verb {
	case "print":
		count, err := strconv.Atoi(args[0])
		every, failed := time.ParseDuration(args[1])
		for i := range count {
			fmt.Println("line", i, strings.Repeat("x", 200))
			time.Sleep(every)
		}
		return 0, errors.Join(err, failed)
	case "exit":
		code, err := strconv.Atoi(args[0])
		fmt.Println(args[1])
		return code, errors.Join(err, os.WriteFile(terminationLog, []byte(args[1]), 0o600))
	case "eat":
		var taken [][]byte
		for {
			piece := make([]byte, 8<<20)
			for i := 0; i < len(piece); i += os.Getpagesize() {
				piece[i] = 1
			}
			taken = append(taken, piece)
			fmt.Println("taken", len(taken))
		}
	case "stay":
		signals := make(chan os.Signal, 8)
		signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGUSR1)
		fmt.Println("staying")
		for s := range signals {
			fmt.Println("got", s)
			if s == syscall.SIGTERM {
				time.Sleep(time.Second)
				return 7, nil
			}
		}
	}
	return 0, fmt.Errorf("unknown verb %q", verb)
}
