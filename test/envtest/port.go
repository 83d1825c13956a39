package envtest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

const loopback = "127.0.0.1"

// Servers get ports that the kernel doesn't give to connections (Linux: from 32768, others: from
// 49152, by default). So nothing takes a server's port before it listens, or while it is down.
const (
	firstPort = 16384
	ports     = 16384
)

// freePorts returns n ports of the loopback interface on which nothing listens.
func freePorts(ctx context.Context, n int) ([]string, error) {
	var free []string
	for _, offset := range rand.Perm(ports) {
		port := strconv.Itoa(firstPort + offset)
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort(loopback, port))
		if err == nil {
			err = listener.Close()
		}
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		if free = append(free, port); len(free) == n {
			return free, nil
		}
	}
	return nil, fmt.Errorf("no %d free ports from %d to %d", n, firstPort, firstPort+ports-1)
}
