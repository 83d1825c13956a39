package find

import (
	"path"
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
)

// maxShells is how deep one shell within the command of another is followed.
const maxShells = 5

// process looks at the words of a command that is run as a process, and at what it runs itself.
func process(words []string) []old.Use { return processAt(words, 0) }

func processAt(words []string, depth int) []old.Use {
	for len(words) > 0 && isAssignment(words[0]) {
		words = words[1:]
	}
	if len(words) == 0 || depth > maxShells {
		return nil
	}
	program, args := programName(words[0]), words[1:]
	switch {
	case program == "kubectl" || program == "oc":
		if u, ok := old.Kubectl(args); ok {
			return []old.Use{u}
		}
		return inPod(args, depth)
	case program == "argo":
		if u, ok := old.Argo(args); ok {
			return []old.Use{u}
		}
	case isShell(program):
		return shellArgument(args, depth)
	case program == "eval" || program == "trap" || program == "su":
		return scripts(args, depth)
	case speaks(program):
		return nil
	default:
		return inside(program, args, depth)
	}
	return nil
}

func isAssignment(word string) bool {
	name, _, found := strings.Cut(word, "=")
	return found && name != "" && !strings.ContainsAny(name, "-/."+old.Unknown)
}

// programName is the base name of a program, without Windows's ending.
func programName(word string) string {
	word = strings.ReplaceAll(word, `\`, "/")
	return strings.TrimSuffix(path.Base(word), ".exe")
}

func isShell(program string) bool {
	switch program {
	case "sh", "bash", "dash", "ash", "zsh", "ksh", "busybox":
		return true
	}
	return false
}

// speaks reports whether a program only shows or searches its arguments.
func speaks(program string) bool {
	switch program {
	case "echo", "printf", "print", "log", "logger", "info", "debug", "warn", "warning", "error", "err", "die", "fail", "fatal",
		"abort", "usage", "say", "note", "title", "step", "grep", "egrep", "rg", "ag", "sed", "awk", "which", "type", "hash", "man",
		"cat", "test", "[", "[[", "alias", "unalias", "brew", "apt", "apt-get", "apk", "yum", "dnf", "pip", "npm", "read", "pgrep", "pkill", "killall":
		return true
	}
	return strings.HasPrefix(program, "log_") || strings.HasPrefix(program, "print_") || strings.HasPrefix(program, "echo_")
}

// passesOn reports whether a program is known to run its arguments as they are.
func passesOn(program string) bool {
	switch program {
	case "sudo", "doas", "env", "nohup", "exec", "command", "builtin", "time", "timeout", "gtimeout", "nice", "ionice", "stdbuf",
		"setsid", "xargs", "watch", "strace", "unbuffer", "flock", "chroot", "find", "microk8s", "minikube", "k3s":
		return true
	}
	return false
}

// shellArgument looks at the script that a shell gets by -c.
func shellArgument(args []string, depth int) []old.Use {
	for i, arg := range args {
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && strings.HasSuffix(arg, "c") && i+1 < len(args) {
			return script(args[i+1], depth+1)
		}
	}
	return nil
}

// scripts looks at arguments that a shell runs.
func scripts(args []string, depth int) []old.Use {
	all := script(strings.Join(args, " "), depth+1)
	if len(all) > 0 || len(args) < 2 {
		return all
	}
	for _, arg := range args {
		all = append(all, script(arg, depth+1)...)
	}
	return all
}

// script looks at a whole shell script in a text.
func script(text string, depth int) []old.Use {
	if depth > maxShells || !strings.Contains(text, "kubectl") && !strings.Contains(text, "argo") {
		return nil
	}
	var all []old.Use
	_ = eachCommand(text, func(c command) { // what is no shell has no commands
		for _, u := range processAt(c.words, depth) {
			all = append(all, u.Weaken(c.sure))
		}
	})
	return all
}

// inPod looks at the command that kubectl runs in a pod, as the old API did with argo's image.
func inPod(args []string, depth int) []old.Use {
	for i, arg := range args {
		if arg != "--" {
			continue
		}
		behind := args[i+1:]
		if found := processAt(behind, depth+1); len(found) > 0 {
			return found
		}
		if strings.Contains(strings.Join(args[:i], " "), "argocli") {
			if u, ok := old.Argo(behind); ok {
				return []old.Use{u}
			}
		}
	}
	return nil
}

// inside looks for a command among the arguments of a program that probably runs it.
func inside(program string, args []string, depth int) []old.Use {
	most := old.Likely
	if passesOn(program) {
		most = old.Certain
	}
	for i, arg := range args {
		var found []old.Use
		switch name := programName(arg); {
		case name == "kubectl" || name == "argo" || isShell(name):
			found = processAt(args[i:], depth+1)
		case strings.ContainsAny(arg, " \n"): // such as of ssh, or a wrapper in shell
			found = script(arg, depth+1)
			most = min(most, old.Likely)
		}
		if found = weakened(found, most); len(found) > 0 {
			return found
		}
	}
	return nil
}
