package envtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

// Command returns a command that is not yet started, and that ends with this process. It has
// KUBECONFIG set to the cluster's administrator. It stays in its parent's process group, so a
// program that uses the terminal works and receives Ctrl-C itself. SIGTERM is passed on to it. Stop
// does not end it.
func (c *Cluster) Command(program string, args ...string) (*exec.Cmd, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("find command: %w", err)
	}
	if c.leash == nil {
		return nil, errors.New("a cluster that was joined runs no command")
	}
	name := fmt.Sprintf("command-%d", c.commands.Add(1))
	if path, err = c.leash.Wrap(name, path, leash.Foreground); err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.kubeconfig)
	return cmd, nil
}
