package find

import (
	"strings"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/old"
	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/migrate-scan/tree"
)

// processes tells of the commands that a call runs. The path is that of the function, "" where
// it isn't known.
func (p *pyFile) processes(x *tree.Call, path string, args pyArgs) {
	var uses []old.Use
	switch path {
	case "subprocess.run", "subprocess.call", "subprocess.check_call", "subprocess.check_output", "subprocess.Popen":
		command := args.at(0, "args")
		if len(x.Args) > 0 && x.Args[0].Stars > 0 && !command.is(pyList) {
			return
		}
		uses = commandUses(command, hasShell(x))
	case "subprocess.getoutput", "subprocess.getstatusoutput", "commands.getoutput", "commands.getstatusoutput",
		"os.system", "os.popen", "asyncio.create_subprocess_shell", "asyncio.subprocess.create_subprocess_shell",
		"pexpect.spawn", "pexpect.run", "invoke.run", "delegator.run":
		uses = commandUses(args.at(0, "cmd", "command"), true)
		if path == "pexpect.spawn" && len(uses) == 0 {
			uses = process(args.words(0))
		}
	case "asyncio.create_subprocess_exec", "asyncio.subprocess.create_subprocess_exec":
		uses = process(args.words(0))
	case "os.execl", "os.execlp", "os.execle", "os.execlpe":
		uses = process(args.words(1))
	case "os.execv", "os.execvp", "os.execve", "os.execvpe", "os.posix_spawn", "os.posix_spawnp":
		uses = commandUses(args.at(1, "argv", "args"), false)
	case "os.spawnl", "os.spawnlp", "os.spawnle", "os.spawnlpe":
		uses = process(args.words(2))
	case "os.spawnv", "os.spawnvp", "os.spawnve", "os.spawnvpe":
		uses = commandUses(args.at(2, "args"), false)
	default:
		if rest, ok := strings.CutPrefix(path, "sh."); ok { // sh.kubectl("get", …), sh.kubectl.get(…)
			uses = process(append(strings.Split(rest, "."), args.words(0)...))
			break
		}
		p.guessed(x, args)
		return
	}
	p.ran(x, uses, args)
}

func (p *pyFile) guessed(x *tree.Call, args pyArgs) {
	var words [][]string
	for _, v := range args.vals {
		if v.is(pyList) {
			words = append(words, v.words)
		} else {
			words = append(words, []string{v.text()})
		}
	}
	p.ran(x, guessed(lastName(x.Fn), words), args)
}

// ran tells of what a call runs, so that its arguments need not be told of too.
func (p *pyFile) ran(x *tree.Call, uses []old.Use, args pyArgs) {
	for _, u := range uses {
		p.tell(start(x.Fn), u)
	}
	if len(uses) == 0 {
		return
	}
	for _, v := range args.vals {
		if v != nil {
			for _, literal := range v.from {
				p.claimed[literal] = true
			}
		}
	}
}

// commandUses are what a command does that is given as a list or as a text.
func commandUses(v *pyValue, shell bool) []old.Use {
	switch {
	case v.is(pyList) && shell && len(v.words) > 0:
		if found := script(v.words[0], 0); len(found) > 0 {
			return weakened(found, v.sure)
		}
		return weakened(process(v.words), v.sure)
	case v.is(pyList):
		return weakened(process(v.words), v.sure)
	case v.is(pyText):
		return weakened(script(v.text(), 0), v.sure)
	}
	return nil
}

func hasShell(x *tree.Call) bool {
	for _, arg := range x.Args {
		if arg.Name == "shell" {
			c, ok := arg.Value.(*tree.Const)
			return !ok || c.Text == "True" || c.Text == "1"
		}
	}
	return false
}

// runner tells of what a CommandRunner runs: a program, and its arguments as a dict in which a
// flag without a value has None.
func (p *pyFile) runner(x *tree.Call, args pyArgs) {
	program := args.at(0, "command_root").text()
	words := []string{program}
	if v := args.at(1, "command_args"); v.is(pyList) {
		words = append(words, v.words...)
	} else {
		words = append(words, old.Unknown)
	}
	p.ran(x, process(words), args)
}
