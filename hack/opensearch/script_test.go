// Package opensearch tests the script that starts servers, with stand-ins for Maven, Java and curl. That the
// real ones do what the script needs, make test-opensearch shows.
package opensearch

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const server = "opensearch-9.9.9"

// checkout is a copy of the script with one server, whose only jar has the content "jar", and an empty cache.
type checkout struct{ root, cache string }

func newCheckout(t *testing.T) checkout {
	t.Helper()
	dir := t.TempDir()
	c := checkout{root: filepath.Join(dir, "hack"), cache: filepath.Join(dir, "it's a cache")}
	for _, name := range []string{"opensearch", "Server.java", "log4j2.properties"} {
		write(t, c.file(name), read(t, name))
	}
	for _, name := range []string{"tools", "private.go", "go.mod", "go.sum"} {
		write(t, filepath.Join(c.root, "tools", name), read(t, "../tools/"+name))
	}
	write(t, c.file("pom.xml"), "\t\t\t<id>"+server+"</id>\n")
	write(t, c.file("sha256/"+server), fmt.Sprintf("%x  server.jar\n", sha256.Sum256([]byte("jar"))))
	write(t, c.file("archives.sha256"), "")

	bin := filepath.Join(dir, "bin")
	write(t, bin+"/mvn", `#!/bin/sh
for arg; do case $arg in -DoutputDirectory=*) printf jar >"${arg#*=}/server.jar" ;; esac; done
`)
	write(t, bin+"/curl", "#!/bin/sh\ncat >/dev/null\n")
	write(t, dir+"/jdk/bin/javac", "#!/bin/sh\n[ \"$1\" != -version ] || echo javac 17.0.1\n")
	// Java with the arguments of Server: the folder, the node, the plugin.
	write(t, dir+"/jdk/bin/java", `#!/bin/sh
while [ "$1" != Server ]; do shift; done
echo 127.0.0.1:9 | tee "$2/$3/logs/transport.ports" >"$2/$3/logs/http.ports"
echo $$ >"`+c.file("java.pid")+`"
cat >/dev/null
rm -rf "$2"
`)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("ARGOSERVICE_CACHE", c.cache)
	t.Setenv("ARGOSERVICE_PARENT", "")
	t.Setenv("JAVA_HOME_17", dir+"/jdk")
	return c
}

func (c checkout) file(name string) string { return filepath.Join(c.root, "opensearch", name) }

// run runs the script to its end, and returns what it prints and its exit code.
func (c checkout) run(t *testing.T, args ...string) (string, int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), c.file("opensearch"), args...)
	cmd.WaitDelay = 30 * time.Second
	out, err := cmd.CombinedOutput()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("%q: %v: %s", args, err, out) // the script has not run, or something of it outlives it
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// ok runs the script, which must not fail.
func (c checkout) ok(t *testing.T, args ...string) string {
	t.Helper()
	out, code := c.run(t, args...)
	if code != 0 {
		t.Fatalf("%q: exit code %d: %s", args, code, out)
	}
	return out
}

// fails runs the script, which must fail and print these parts.
func (c checkout) fails(t *testing.T, args []string, parts ...string) {
	t.Helper()
	out, code := c.run(t, args...)
	if code == 0 {
		t.Errorf("%q does not fail: %s", args, out)
	}
	for _, part := range parts {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in %q", part, out)
		}
	}
}

func TestInstallOnce(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install", server)
	if out := c.ok(t, "install", server); out != "" {
		t.Errorf("again: %s", out)
	}
	c.wantNoRest(t)
}

func TestOnlyWhatIsPinnedIsUsed(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install", server)
	jars, err := filepath.Glob(c.cache + "/" + server + "-*/server.jar")
	if err != nil || len(jars) != 1 {
		t.Fatal(jars, err)
	}
	write(t, jars[0], "changed")
	c.fails(t, []string{"exec", server, "true"}, "is not installed")
	write(t, c.file("sha256/"+server), fmt.Sprintf("%x  server.jar\n", sha256.Sum256([]byte("another jar"))))
	c.fails(t, []string{"install", server}, "is not what sha256/"+server+" pins", "server.jar")
	c.wantNoRest(t)
	c.ok(t, "pin", server)
	c.ok(t, "install", server)
}

func TestLacks(t *testing.T) {
	c := newCheckout(t)
	if out := c.ok(t, "lacks", server); out != "" {
		t.Error(out)
	}
	if out := c.ok(t, "able", server); out != server+"\n" {
		t.Error(out)
	}
	c.fails(t, []string{"able", server, "no-such-server"}, "there is no server 'no-such-server', there are "+server)
	write(t, c.file("pom.xml"), "<id>opensearch-3.1.0</id>\n<id>opensearch-3.2.0</id>\n")
	t.Setenv("JAVA_HOME_25", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	if c.ok(t, "able", "opensearch-3.1.0") != "" {
		return // this machine has a JDK 25 elsewhere
	}
	want := "there is no JDK 25: install one, or set JAVA_HOME_25\n"
	if out := c.ok(t, "lacks", "opensearch-3.1.0", "opensearch-3.2.0"); out != want {
		t.Errorf("%q, want %q", out, want)
	}
}

func TestExec(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install", server)
	out, code := c.run(t, "exec", server, "sh", "-c", "echo at $OPENSEARCH_URL; exit 4")
	if code != 4 || !strings.Contains(out, "at http://127.0.0.1:9\n") {
		t.Errorf("exit code %d: %s", code, out)
	}
	c.wantNoRest(t)
}

// The command can end and start nodes. A node that it has started doesn't outlive the script.
func TestNodes(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install", server)
	write(t, c.file("command"), `#!/bin/sh
set -ex
node() { "$OPENSEARCH_CONTROL" "$@"; }
first=$(cat `+c.file("java.pid")+`)
node kill one
if kill -0 $first; then exit 1; fi
node start one 'a: b' 'c: d'
node start two
if node kill three; then exit 1; fi
cd "$OPENSEARCH_FOLDER"
grep -x 'http.port: 9' one/config/*.yml && grep -x 'c: d' one/config/*.yml
grep -x "discovery.seed_hosts: \['127.0.0.1:9'\]" two/config/*.yml
if grep -x 'c: d' two/config/*.yml; then exit 1; fi
`)
	c.ok(t, "exec", server, c.file("command"))
	if running(c.pid(t, "java")) {
		t.Error("node two runs")
	}
	c.wantNoRest(t)
}

// The files of a plugin's archive are pinned, behind the server's.
func TestArchives(t *testing.T) {
	c := newCheckout(t)
	write(t, filepath.Join(os.Getenv("JAVA_HOME_17"), "bin/jar"), "#!/bin/sh\nmkdir config\ntouch a.jar config/a.yml\n")
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		t.Fatal(err)
	}
	write(t, mvn, read(t, mvn)+`for arg; do case $arg in -DoutputDirectory=*) touch "${arg#*=}/a.zip" ;; esac; done`)
	c.ok(t, "pin", server)
	var names []string
	for line := range strings.Lines(read(t, c.file("sha256/"+server))) {
		names = append(names, strings.Fields(line)[1])
	}
	if got := strings.Join(names, " "); got != "server.jar plugin/a.jar plugin/config/a.yml" {
		t.Error(got)
	}
	c.ok(t, "install", server)
	c.ok(t, "exec", server, "true")

	// Another archive is not even unpacked.
	write(t, c.file("archives.sha256"), strings.Repeat("0", 64)+"  a.zip\n")
	write(t, c.file("sha256/"+server), read(t, c.file("sha256/"+server))+"\n")
	write(t, filepath.Join(os.Getenv("JAVA_HOME_17"), "bin/jar"), "#!/bin/sh\ntouch '"+c.file("unpacked")+"'\n")
	c.fails(t, []string{"install", server}, "what Maven has got as a.zip is not what archives.sha256 pins")
	if _, err := os.Stat(c.file("unpacked")); err == nil {
		t.Error("it was unpacked")
	}
	c.wantNoRest(t)
}

func TestServerThatEnds(t *testing.T) {
	c := newCheckout(t)
	c.ok(t, "install", server)
	write(t, filepath.Join(os.Getenv("JAVA_HOME_17"), "bin/java"), "#!/bin/sh\necho out of order\nexit 1\n")
	c.fails(t, []string{"exec", server, "true"}, server+" has ended: out of order")
	c.wantNoRest(t)
}

// Each of these ends the script, or one of the processes above it, while the command runs.
func TestServerEndsWithItsProcesses(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		for _, whose := range []string{"make", "script", "inner script"} {
			t.Run(fmt.Sprintf("%v to the %s", signal, whose), func(t *testing.T) {
				c := newCheckout(t)
				c.ok(t, "install", server)
				cmd, out := exec.CommandContext(t.Context(), "sh", "-c", `"$1" exec "$2" "$3" & echo $! >"$4"; wait`, "sh",
					c.file("opensearch"), server, c.file("command"), c.file("script.pid")), &bytes.Buffer{}
				cmd.Stdout, cmd.Stderr, cmd.WaitDelay = out, out, 30*time.Second
				write(t, c.file("command"), "#!/bin/sh\necho $PPID >"+c.file("inner.pid")+"\necho $$ >"+c.file("command.pid")+"\nexec sleep 1000\n")
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan struct{})
				go func() { // a process that is not waited for counts as alive
					_ = cmd.Wait()
					close(ended)
				}()
				t.Cleanup(func() { <-ended })
				eventually(t, "the command runs", func() bool { _, err := os.Stat(c.file("command.pid")); return err == nil && c.pid(t, "command") != 0 })
				pid := cmd.Process.Pid
				switch whose {
				case "script":
					pid = c.pid(t, "script")
				case "inner script":
					pid = c.pid(t, "inner")
				}
				command := c.pid(t, "command")
				if err := syscall.Kill(pid, signal); err != nil {
					t.Fatal(err)
				}
				eventually(t, "the server has ended", func() bool { return !running(c.pid(t, "java")) })
				eventually(t, "the folder is removed", func() bool { return len(c.rest(t)) == 0 })
				if whose == "inner script" && signal == syscall.SIGKILL {
					_ = syscall.Kill(command, syscall.SIGKILL) // it fails without its server
				}
				eventually(t, "the command has ended", func() bool { return !running(command) })
			})
		}
	}
}

// A folder that a killed run has left is removed, but not while it is in use.
func TestLeftovers(t *testing.T) {
	if _, err := exec.LookPath("flock"); err != nil {
		t.Skip("there is no flock, which shows what is in use")
	}
	c := newCheckout(t)
	c.ok(t, "install", server)
	left := c.cache + "/tmp/opensearch-node.0ld/config"
	write(t, left, "")
	c.ok(t, "exec", server, "sh", "-c", `"$0" exec `+server+` true && [ "$(ls "$ARGOSERVICE_CACHE/tmp" | wc -l)" = 1 ]`, c.file("opensearch"))
	c.wantNoRest(t)
}

// rest lists the temporary folders.
func (c checkout) rest(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(c.cache + "/tmp/*")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (c checkout) wantNoRest(t *testing.T) {
	t.Helper()
	if rest := c.rest(t); len(rest) > 0 {
		t.Errorf("left: %q", rest)
	}
}

// pid reads a process id, 0 if it is not written yet.
func (c checkout) pid(t *testing.T, name string) int {
	t.Helper()
	pid, _ := strconv.Atoi(strings.TrimSpace(read(t, c.file(name+".pid"))))
	return pid
}

// running reports whether a process is alive; one that only waits to be collected is not.
func running(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func write(t *testing.T, file, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(content), 0o755); err != nil {
		t.Fatal(err)
	}
}
