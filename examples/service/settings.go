package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/opensearch-project/opensearch-migrations/argoservice/adapters/argodb"
	"github.com/opensearch-project/opensearch-migrations/argoservice/examples/service/internal/api"
)

// settings are the flags on the command line.
type settings struct {
	listen, metrics       string
	configs, hosts        words
	kubeconfig, namespace string
	userHeader            string
	approvalGates         bool
	journal               string
	archive               string
	archiveCluster        string
	archiveInstance       string
	archiveNodes          string
	every, heartbeat      time.Duration
	drain                 time.Duration
	finish                time.Duration // see finishWithin
	level                 slog.Level
}

// words is a flag that can be repeated.
type words []string

func (w *words) String() string { return strings.Join(*w, ",") }

func (w *words) Set(word string) error {
	*w = append(*w, word)
	return nil
}

// parse reads the command line; help goes to out.
func parse(args []string, out io.Writer) (settings, error) {
	s := settings{finish: finishWithin}
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // the caller prints the error, on one line
	flags.StringVar(&s.listen, "listen", "127.0.0.1:8080", "address to serve, as `host:port`; :8080 to serve other machines, port 0 for a free one")
	flags.Var(&s.hosts, "host", "host `name` under which requests are accepted, besides localhost and IP addresses; can be repeated")
	flags.StringVar(&s.userHeader, "user-header", "", "`header` in which a proxy names the user, for the log, decisions about gates and the limits; requests without it are refused; set it only if no other client can reach this service, and the proxy replaces the header that clients send")
	flags.StringVar(&s.metrics, "metrics", "", "address to serve /metrics, as `host:port`; default: none")
	flags.Var(&s.configs, "config", "configuration `file` of a backfill, the migration console's YAML; can be repeated, required")
	flags.StringVar(&s.kubeconfig, "kubeconfig", "", "`file`; default: $KUBECONFIG, else the pod's service account")
	flags.StringVar(&s.namespace, "namespace", "", "namespace of backfills whose configuration names none; default: the pod's, else the kubeconfig's, else ma")
	flags.BoolVar(&s.approvalGates, "approval-gates", false, "steps that wait for an ApprovalGate object of opensearch-migrations are gates, too; needs the role in hack/rbac/approval-gates.yaml")
	flags.StringVar(&s.journal, "journal", "backfills.db", "SQLite `file` in which the service remembers backfills and decisions after their workflows are deleted; created if it is missing; must be on a local disk; \"\": none")
	flags.StringVar(&s.archive, "archive", "", "`file` with the URL of Argo's PostgreSQL database, whose archive is used instead of the journal; it contains a password, so it is not given here")
	flags.StringVar(&s.archiveCluster, "archive-cluster", argodb.DefaultClusterName, "persistence.clusterName of Argo's `controller`")
	flags.StringVar(&s.archiveInstance, "archive-instance", "", "instanceID of Argo's `controller`")
	flags.StringVar(&s.archiveNodes, "archive-nodes", "", "`table` of offloaded nodes in Argo's database, usually argo_workflows; default: they are not read")
	flags.DurationVar(&s.every, "every", 2*time.Second, "interval for reading workers and shards, while a client watches")
	flags.DurationVar(&s.heartbeat, "heartbeat", api.DefaultHeartbeat, "interval of heartbeats on a stream; must be shorter than the idle timeout of proxies")
	flags.DurationVar(&s.drain, "drain", 5*time.Second, "time to continue serving after SIGTERM while reporting not ready, until load balancers have noticed")
	flags.TextVar(&s.level, "log", slog.LevelInfo, "minimum `level` to log: debug, info, warn or error")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(out, "Usage: service --config FILE [flags]\n\n")
		flags.SetOutput(out)
		flags.PrintDefaults()
		return s, err
	case err != nil:
		return s, err
	case flags.NArg() > 0:
		return s, fmt.Errorf("unexpected argument %s", flags.Arg(0))
	case len(s.configs) == 0:
		return s, errors.New("--config FILE is required")
	case !address(s.listen):
		return s, fmt.Errorf("--listen %s: must be host:port or :port", s.listen)
	case s.metrics != "" && !address(s.metrics):
		return s, fmt.Errorf("--metrics %s: must be host:port or :port", s.metrics)
	case s.every < 100*time.Millisecond:
		return s, fmt.Errorf("--every %s: must be at least 100ms", s.every)
	case s.heartbeat < time.Second:
		return s, fmt.Errorf("--heartbeat %s: must be at least 1s", s.heartbeat)
	case !names(s.hosts):
		return s, fmt.Errorf("--host %s: must be names without a port", &s.hosts)
	case !token(s.userHeader):
		return s, fmt.Errorf("--user-header %s: must be the name of a header, such as X-Forwarded-User", s.userHeader)
	case isProof(s.userHeader):
		return s, fmt.Errorf("--user-header %s: must name the user, not contain credentials, since it is logged", s.userHeader)
	case s.drain < 0:
		return s, fmt.Errorf("--drain %s: must not be negative", s.drain)
	}
	return s, nil
}

// names reports whether all are valid host names or addresses.
func names(hosts []string) bool {
	return !slices.ContainsFunc(hosts, func(host string) bool { return host == "" || strings.ContainsAny(host, ":/ ") })
}

// token reports whether a string can be the name of a header.
func token(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.", r)
	})
}

// isProof reports whether a header contains credentials: a password, a token or a session.
func isProof(header string) bool {
	return slices.ContainsFunc([]string{"authorization", "cookie", "token", "password", "secret", "api-key", "apikey"}, func(word string) bool {
		return strings.Contains(strings.ToLower(header), word)
	})
}

func address(text string) bool {
	_, _, err := net.SplitHostPort(text)
	return err == nil
}
