package legacy

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// commandFor returns the command that makes a request of the Kubernetes API. Most requests are
// passed unchanged with --raw, which kubectl does not have for patches. What comes from callers is
// never an argument by itself: a URI begins with a slash, and a name is behind "--".
func commandFor(req *http.Request) (Command, error) {
	var cmd Command
	if req.Body != nil {
		var err error
		cmd.Stdin, err = io.ReadAll(req.Body)
		_ = req.Body.Close()
		if err != nil {
			return Command{}, err
		}
	}
	const stdin = "--filename=-"
	raw := "--raw=" + req.URL.RequestURI()
	switch req.Method {
	case http.MethodGet:
		cmd.Args = []string{"get", raw}
		watch, _ := follows(req.URL.Query())
		cmd.Unbounded = watch || strings.HasSuffix(req.URL.Path, "/log")
	case http.MethodPost:
		cmd.Args = []string{"create", raw, stdin}
	case http.MethodPut:
		cmd.Args = []string{"replace", raw, stdin}
	case http.MethodDelete:
		cmd.Args = []string{"delete", raw, stdin}
	case http.MethodPatch:
		args, err := patchArgs(req)
		if err != nil {
			return Command{}, err
		}
		cmd.Args, cmd.Stdin = args, forYAML(cmd.Stdin)
	default:
		return Command{}, unsupported("%s requests", req.Method)
	}
	return cmd, nil
}

// patchArgs returns the arguments for a patch of a namespaced object. kubectl reads the object
// first.
func patchArgs(req *http.Request) ([]string, error) {
	// /apis/argoproj.io/v1alpha1/namespaces/ma/workflows/reindex-x7f2k, perhaps with /status behind it
	path := strings.Split(strings.TrimPrefix(req.URL.Path, "/"), "/")
	if len(path) != 7 && (len(path) != 8 || path[7] != "status") || path[0] != "apis" || path[3] != "namespaces" {
		return nil, unsupported("a patch of %s", req.URL.Path)
	}
	if kind := req.Header.Get("Content-Type"); kind != "application/merge-patch+json" {
		return nil, unsupported("a patch as %s", kind)
	}
	args := []string{"patch", path[5] + "." + path[2] + "." + path[1], "--namespace=" + path[4], "--type=merge", "--patch-file=/dev/stdin", "--output=json", "--show-managed-fields"}
	if len(path) == 8 {
		args = append(args, "--subresource=status")
	}
	query := req.URL.Query()
	if query.Get("dryRun") == "All" {
		args = append(args, "--dry-run=server")
		query.Del("dryRun")
	}
	for parameter := range query {
		return nil, unsupported("a patch with %s", parameter)
	}
	return append(args, "--", path[6]), nil
}

// forYAML returns JSON that a YAML parser reads the same way, since kubectl parses a patch as YAML:
// YAML refuses some characters in strings and treats others as line breaks.
func forYAML(text []byte) []byte {
	return regexp.MustCompile(`[\x7f-\x{9f}\x{2028}\x{2029}\x{feff}\x{fffe}\x{ffff}]`).ReplaceAllFunc(text, func(character []byte) []byte {
		r, _ := utf8.DecodeRune(character)
		return fmt.Appendf(nil, `\u%04x`, r)
	})
}

func unsupported(format string, args ...any) error {
	return fmt.Errorf("%w: kubectl has no way to make %s", workflow.ErrUnsupported, fmt.Sprintf(format, args...))
}

// follows reports whether a request is a watch, or follows a log.
func follows(query url.Values) (watch, log bool) {
	is := func(name string) bool {
		yes, err := strconv.ParseBool(query.Get(name))
		return err == nil && yes
	}
	return is("watch"), is("follow")
}
