package legacy

import (
	"errors"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Options are the options of the native client. Logs is not used.
type Options = workflow.Options

type client = workflow.WorkflowClient

// KubectlClient implements [workflow.Interface] by running kubectl. This process does not connect
// to the API server itself. KubectlClient is the native client over another transport, so checks,
// conditions, retries and errors are the same. It starts a process for each request, and keeps one
// for each watch and each log that it follows. It has all methods of [workflow.WorkflowClient],
// including Create, GetObject and CheckPermissions.
type KubectlClient struct{ *client }

var _ workflow.Interface = (*KubectlClient)(nil)

// NewKubectlClient returns a client that runs kubectl with executor, which must not be nil. It does
// not run a command itself. A command has no time limit but that of its context. The error is a
// [*workflow.Error] that matches [workflow.ErrInvalid].
func NewKubectlClient(executor CommandExecutor, opts Options) (*KubectlClient, error) {
	return newKubectlClient(executor, opts, &rest.Config{})
}

// newKubectlClient is [NewKubectlClient] with the rate limit and the timeout of a configuration.
func newKubectlClient(executor CommandExecutor, opts Options, limits *rest.Config) (*KubectlClient, error) {
	if executor == nil {
		return nil, &workflow.Error{
			Op: workflow.OpNew, Backend: workflow.BackendKubectl, Err: errors.Join(workflow.ErrInvalid, errors.New("executor: Required value")),
		}
	}
	opts.Logs = nil
	// The host is not used: kubectl has its own.
	native, err := workflow.NewForConfig(&rest.Config{
		Host: "http://kubectl", Transport: &transport{executor: executor},
		QPS: limits.QPS, Burst: limits.Burst, RateLimiter: limits.RateLimiter, Timeout: limits.Timeout,
	}, opts)
	if err != nil {
		var failed *workflow.Error
		if errors.As(err, &failed) {
			failed.Backend = workflow.BackendKubectl
		}
		return nil, err
	}
	return &KubectlClient{client: native}, nil
}
