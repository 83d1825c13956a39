package envtest

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"testing"
)

// A connection that gets the port of a server that is about to start would keep it from starting.
func TestPortsOfServersAreNotThoseOfConnections(t *testing.T) {
	const file = "/proc/sys/net/ipv4/ip_local_port_range"
	data, err := os.ReadFile(file)
	if err != nil {
		t.Skip("not Linux: ", err)
	}
	var first int
	if _, err := fmt.Sscan(string(data), &first); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if first != 32768 {
		t.Skipf("this machine gives connections ports from %d, which is not Linux's default", first)
	}
	if firstPort+ports > first {
		t.Errorf("servers get ports from %d to %d, connections from %d", firstPort, firstPort+ports-1, first)
	}
}

func TestFreePortsAreFreeAndDiffer(t *testing.T) {
	for range 10 {
		free, err := freePorts(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		for _, port := range free {
			if n, err := strconv.Atoi(port); err != nil || n < firstPort || n >= firstPort+ports {
				t.Errorf("port %q", port)
			}
			listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", net.JoinHostPort(loopback, port))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = listener.Close() })
		}
	}
}
