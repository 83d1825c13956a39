package legacy

import (
	"errors"

	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// Options are those of the native client. Logs is not used.
type Options = workflow.Options

// BackendKubectl is the backend of errors from [KubectlClient].
const BackendKubectl = "kubectl"

type client = workflow.WorkflowClient

// KubectlClient does everything of [workflow.Interface] by running kubectl, and nothing but
// that: no connection is made by this process. It is the native client over another way to the
// API server, so checks, conditions, retries and errors are the same. It is slower by the start
// of a process for each request, and holds one process for each watch and each log it follows.
// It has all the methods of [workflow.WorkflowClient], Create, GetObject and CheckAccess among them.
type KubectlClient struct{ *client }

var _ workflow.Interface = (*KubectlClient)(nil)

// NewKubectlClient returns a client that runs kubectl by an executor. It runs nothing yet. The
// error is a [*workflow.Error] that matches [workflow.ErrInvalid].
func NewKubectlClient(executor CommandExecutor, opts Options) (*KubectlClient, error) {
	return newKubectlClient(executor, opts, &rest.Config{})
}

// newKubectlClient is [NewKubectlClient] with the rate limit of a configuration, which counts
// where opts set none.
func newKubectlClient(executor CommandExecutor, opts Options, limits *rest.Config) (*KubectlClient, error) {
	if executor == nil {
		return nil, &workflow.Error{
			Op: workflow.OpNew, Backend: BackendKubectl, Err: errors.Join(workflow.ErrInvalid, errors.New("executor: Required value")),
		}
	}
	opts.Logs, opts.Backend = nil, BackendKubectl
	// The host is never asked for: what goes there, kubectl takes where it will.
	native, err := workflow.NewForConfig(&rest.Config{
		Host: "http://kubectl", Transport: &transport{executor: executor},
		QPS: limits.QPS, Burst: limits.Burst, RateLimiter: limits.RateLimiter,
	}, opts)
	if err != nil {
		var failed *workflow.Error
		if errors.As(err, &failed) {
			failed.Backend = BackendKubectl
		}
		return nil, err
	}
	return &KubectlClient{client: native}, nil
}
