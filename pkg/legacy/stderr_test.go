package legacy

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
)

// kubectl prints the messages of credential plugins and proxies, which may contain secrets.
func TestComplaintsShowNoSecrets(t *testing.T) {
	for _, stderr := range []string{
		"Unable to connect to the server: getting credentials: exec: --token s3cr3t12 is refused",
		`Unable to connect to the server: Get "https://u:s3cr3t12@host/api": EOF`,
		"Error from server (Forbidden): header Authorization: Bearer s3cr3t12 is not allowed",
		"error: password=s3cr3t12",
		"The request is invalid: eyJhbGciOiJI.eyJzdWIiOiIx.s3cr3t12",
	} {
		st, err := failure(Command{Args: []string{"get"}}, CommandOutput{Stderr: stderr, ReturnCode: 1})
		if st != nil {
			err = &apierrors.StatusError{ErrStatus: *st}
		}
		if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "s3cr3t") || !strings.Contains(text, "*****") {
			t.Error(text)
		}
	}
	failed := ended(t.Context(), Command{}, errors.New("killed"), "password=s3cr3t12")
	if strings.Contains(failed.Error(), "s3cr3t") {
		t.Error(failed)
	}
}

// Output that other programs make kubectl print must not change how the rest of an error appears.
func TestComplaintsArePrintable(t *testing.T) {
	const stderr = "error: \x1b[31mexpired\x1b[0m\r\nkubectl: all is well\u202e"
	st, err := failure(Command{Args: []string{"get"}}, CommandOutput{Stderr: stderr, ReturnCode: 1})
	var failed *CommandError
	if st != nil || !errors.As(err, &failed) || failed.Stderr != stderr || status.Printable(err.Error()) != err.Error() {
		t.Errorf("%+v, %q", st, err)
	}
}

// The messages are those of kubectl 1.37.
func TestFailureOfServer(t *testing.T) {
	for stderr, want := range map[string]struct {
		code    int32
		reason  metav1.StatusReason
		message string
	}{
		`Error from server (NotFound): workflows.argoproj.io "w" not found`: {404, metav1.StatusReasonNotFound, `workflows.argoproj.io "w" not found`},
		`Error from server (AlreadyExists): workflows.argoproj.io "w" already exists`: {
			409, metav1.StatusReasonAlreadyExists, `workflows.argoproj.io "w" already exists`},
		`Error from server (Conflict): Operation cannot be fulfilled on workflows.argoproj.io "w": the object has been modified`: {
			409, metav1.StatusReasonConflict, `Operation cannot be fulfilled on workflows.argoproj.io "w": the object has been modified`},
		`Error from server (Forbidden): workflows.argoproj.io "w" is forbidden: User "u" cannot get resource`: {
			403, metav1.StatusReasonForbidden, `workflows.argoproj.io "w" is forbidden: User "u" cannot get resource`},
		"Error from server (Expired): The resourceVersion for the provided watch is too old.": {
			410, metav1.StatusReasonExpired, "The resourceVersion for the provided watch is too old."},
		"Error from server (TooManyRequests): the server has received too many requests": {
			429, metav1.StatusReasonTooManyRequests, "the server has received too many requests"},
		"Error from server (InternalError): an error\non two lines":    {500, metav1.StatusReasonInternalError, "an error\non two lines"},
		"Error from server: etcdserver: request is too large":          {500, "", "etcdserver: request is too large"},
		"Error from server (OfTomorrow): what is that":                 {500, "OfTomorrow", "what is that"},
		"error: You must be logged in to the server (Unauthorized)":    {401, metav1.StatusReasonUnauthorized, "Unauthorized"},
		"The Workflow \"w\" is invalid: \n* spec: Required value\n* x": {422, metav1.StatusReasonInvalid, "The Workflow \"w\" is invalid: \n* spec: Required value\n* x"},
		"The request is invalid: patch":                                {422, metav1.StatusReasonInvalid, "The request is invalid: patch"},
		`Warning: v1 ComponentStatus is deprecated
E1124 19:55:00.000000  1 memcache.go:265] "Unhandled Error" err="couldn't get current server API group list"
Error from server (NotFound): workflows.argoproj.io "w" not found`: {404, metav1.StatusReasonNotFound, `workflows.argoproj.io "w" not found`},
	} {
		status, err := failure(Command{Args: []string{"get"}}, CommandOutput{Stderr: stderr + "\n", ReturnCode: 1})
		if err != nil || status.Code != want.code || status.Reason != want.reason || status.Message != want.message {
			t.Errorf("%s:\n%+v, %v", stderr, status, err)
		}
	}
}

// A server that does not know the resource is distinguished from one that does not have the object.
func TestFailureWithoutResource(t *testing.T) {
	for _, stderr := range []string{
		"Error from server (NotFound): the server could not find the requested resource",
		`error: the server doesn't have a resource type "workflows" in group "argoproj.io" and version "v1alpha1"`,
	} {
		status, err := failure(Command{}, CommandOutput{Stderr: stderr, ReturnCode: 1})
		if err != nil || !apierrors.HasStatusCause(apierrors.FromObject(status), metav1.CauseTypeUnexpectedServerResponse) {
			t.Errorf("%s: %+v, %v", stderr, status, err)
		}
	}
}

func TestFailureWithoutServer(t *testing.T) {
	notSent := func(err error) bool {
		var op *net.OpError
		return errors.As(err, &op) && op.Op == "dial"
	}
	cutOff := func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }
	plain := func(err error) bool { return !notSent(err) && !cutOff(err) }
	never := func(err error) bool {
		var failed *CommandError
		return plain(err) && errors.As(err, &failed) && failed.NotSent
	}
	for stderr, is := range map[string]func(error) bool{
		"The connection to the server 127.0.0.1:1 was refused - did you specify the right host or port?": notSent,
		"Unable to connect to the server: dial tcp: lookup x.invalid: no such host":                      notSent,
		"Unable to connect to the server: dial tcp 192.0.2.1:6443: i/o timeout":                          notSent,
		"Unable to connect to the server: net/http: TLS handshake timeout":                               notSent,
		"Unable to connect to the server: EOF":                                                           cutOff,
		"Unable to connect to the server: unexpected EOF":                                                cutOff,
		"error: unexpected EOF": cutOff,
		"Unable to connect to the server: http2: client connection lost":                                                    cutOff,
		"Unable to connect to the server: read tcp 127.0.0.1:2->127.0.0.1:1: read: connection reset by peer":                cutOff,
		"Unable to connect to the server: tls: failed to verify certificate: x509: certificate signed by unknown authority": plain,
		"Unable to connect to the server: getting credentials: exec: executable aws not found":                              never,
		"error: stat /nowhere: no such file or directory":                                                                   never,
		"Error in configuration: context was not found for specified context: z":                                            never,
		"error: unable to read certificate-authority /ca for c due to open /ca: no such file or directory":                  never,
		"error: unable to read patch file: open /dev/stdin: no such file or directory":                                      never,
		"error: unable to load root certificates: unable to parse bytes as PEM block":                                       never,
		"error: tls: failed to find any PEM data in certificate input":                                                      never,
		"error: open /token: no such file or directory":                                                                     never,
		`error: exec plugin: invalid apiVersion "client.authentication.k8s.io/v9"`:                                          never,
		"error: The gcp auth plugin has been removed.\nPlease use another plugin instead.":                                  never,
		"error: more than one authentication method found for u; found [token basicAuth], only one is allowed":              never,
		`error: invalid 'proxy-url' "ht tp://x" for cluster "c": could not parse: ht tp://x`:                                never,
		`error: host must be a URL or a host:port pair: "ht!tp://x y"`:                                                      never,
		"Unable to connect to the server: remote error: tls: bad certificate":                                               plain,
		"error: read tcp 10.0.0.1:1->10.0.0.2:6443: read: connection reset by peer":                                         cutOff,
		`error: context "nowhere" does not exist`:                                                                           never,
		`error: error loading config file "/x": couldn't get version/kind`:                                                  never,
		"error: context deadline exceeded":                                                                                  cutOff,
		"":                                                                                                                  plain,
	} {
		status, err := failure(Command{Args: []string{"replace"}}, CommandOutput{Stderr: stderr, ReturnCode: 1})
		var failed *CommandError
		if status != nil || !is(err) || !errors.As(err, &failed) || failed.Verb != "replace" || failed.ReturnCode != 1 || failed.Stderr != stderr {
			t.Errorf("%s: %+v, %v", stderr, status, err)
		}
	}
	_, err := failure(Command{}, CommandOutput{Stderr: "error: unknown flag: --raw\nSee 'kubectl create --help' for usage.", ReturnCode: 1})
	var failed *CommandError
	if !errors.Is(err, ErrKubectlTooOld) || !errors.As(err, &failed) || !failed.NotSent {
		t.Error(err)
	}
}

// Any output must become either a refusal with its code or an error.
func FuzzFailure(f *testing.F) {
	for _, seed := range []string{
		"", "Error from server (NotFound): x", "Error from server: ", "The \"\" is invalid", "Warning: \n", "E1124 x\nerror: You must be logged in to the server (",
		strings.Repeat("\x01", maxStderr-1),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stderr string) {
		status, err := failure(Command{Args: []string{"get"}}, CommandOutput{Stderr: stderr, ReturnCode: 1})
		switch {
		case (status == nil) == (err == nil):
			t.Fatalf("%+v, %v", status, err)
		case status != nil && (status.Code < http.StatusBadRequest || status.Code > 599 || !strings.Contains(stderr, status.Message) && status.Details == nil):
			t.Fatalf("%+v", status)
		case err != nil && len(err.Error()) > maxPrintedStderr+200:
			t.Fatalf("an error of %d bytes", len(err.Error()))
		}
	})
}
