package leash

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
)

// exitNotRun is the wrapper's exit code where it couldn't run its child, as a shell's.
const exitNotRun = 126

// Main turns this process into a wrapper if it was started as one, and then
// never returns. Otherwise it returns at once, and [New] can be used. It has to
// be called before anything else that main or TestMain does.
func Main() {
	if filepath.Base(filepath.Dir(os.Args[0])) != linkDir {
		// The environment is the one place that is this process's own and
		// needs no variable shared by all of the package.
		if err := os.Setenv(mainCalled, strconv.Itoa(os.Getpid())); err != nil {
			fmt.Fprintln(os.Stderr, "leash:", err)
		}
		return
	}
	code, err := wrapper(os.Args[0], os.Args[1:])
	if err != nil {
		fmt.Fprintf(os.Stderr, "leash: %s: %v\n", filepath.Base(os.Args[0]), err)
	}
	os.Exit(code)
}

func wrapper(self string, args []string) (int, error) {
	data, err := os.ReadFile(self + ".json")
	if err != nil {
		return exitNotRun, fmt.Errorf("parent is gone: %w", err)
	}
	var s spec
	if err := json.Unmarshal(data, &s); err != nil {
		return exitNotRun, fmt.Errorf("read %s.json: %w", self, err)
	}
	if s.Binary == "" {
		return 0, sweep(filepath.Dir(filepath.Dir(self)))
	}
	return run(self, s, args)
}
