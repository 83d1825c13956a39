package envtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest/leash"
)

// startTimeout bounds the whole start. It takes seconds on an idle machine, and longer on a busy
// one or while all files are still read from disk.
const startTimeout = 6 * time.Minute

// Cluster is a running cluster. It is safe for concurrent use.
type Cluster struct {
	opts       Options
	bin        binaries
	leash      *leash.Leash // nil: another process owns the cluster
	dir        string
	config     *rest.Config
	etcdURL    *url.URL
	kubeconfig string
	kube       kubernetes.Interface
	client     client.Client
	database   DatabaseServer
	controller *process // nil without Everything
	argoServer string   // its URL

	// components is in the order of their start. They are stopped in reverse.
	components []component
	parts      []*part    // the components that can be killed and restarted
	logs       []*os.File // files that stay open until Stop

	podLogs  podLogs
	registry *registry // of a real node

	// commands counts calls of Command.
	commands atomic.Int64

	stop    sync.Once
	stopErr error
}

// component is a running part of a cluster.
type component struct {
	name string
	stop func() error
}

// Start starts a cluster and blocks until it is ready for use: the API server serves requests,
// namespaces get service accounts, the node accepts pods, and the workflow-controller acts on
// workflows. If ctx ends first or a part doesn't start, Start stops the other parts. The error
// names the part and contains the end of its log.
//
// The cluster outlives ctx; the caller must call Stop. If this process dies without that, the
// cluster ends too. Several clusters can run side by side.
//
// Errors: [leash.ErrMainNotCalled] if this program doesn't call leash.Main; an error that names the
// environment variable if a binary is missing; one that says what is missing for the database, see
// [DatabaseLacks].
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	if opts.Progress == nil {
		opts.Progress = func(string) {}
	}
	bin, err := findBinaries(opts)
	if err != nil {
		return nil, err
	}
	if opts.Parts.has(APIServer) {
		if opts.Definitions, err = findDefinitions(opts.Definitions); err != nil {
			return nil, err
		}
	}
	l, err := leash.New()
	if err != nil {
		return nil, err
	}
	c := &Cluster{opts: opts, bin: bin, leash: l, dir: l.Dir()}
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready within %s", startTimeout))
	defer cancel()
	if err := c.start(ctx); err != nil {
		err = fmt.Errorf("start cluster: %w\n%s", err, c.LogTails(failedStartLines))
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func (c *Cluster) start(ctx context.Context) error {
	if err := os.Mkdir(c.logDir(), 0o700); err != nil {
		return fmt.Errorf("create log folder: %w", err)
	}
	if c.opts.Database != "" {
		if err := c.startDatabase(ctx); err != nil {
			return err
		}
	}
	if !c.opts.Parts.has(APIServer) {
		return nil
	}
	if err := c.startControlPlane(ctx); err != nil {
		return err
	}
	// This comes before the controller-manager, whose garbage collector looks for new kinds at its
	// start and then only twice a minute.
	if err := c.installCRDs(ctx); err != nil {
		return err
	}
	// The parts start one after the other but become ready in parallel, because each takes seconds.
	waits := []func(context.Context) error{}
	for _, part := range []struct {
		of    Parts
		start func(context.Context) (func(context.Context) error, error)
	}{
		{Controllers, c.startControllers},
		{Nodes, c.startNodes},
		{Everything, c.startArgo},
	} {
		if !c.opts.Parts.has(part.of) {
			continue
		}
		wait, err := part.start(ctx)
		if err != nil {
			return err
		}
		waits = append(waits, wait)
	}
	for _, wait := range waits {
		if err := wait(ctx); err != nil {
			return err
		}
	}
	if c.opts.Server && c.opts.Parts.has(Everything) { // the controller has made the database's tables
		return c.startArgoServer(ctx)
	}
	return nil
}

// Stop stops the cluster in the reverse order of its start, and removes its work folder. It blocks
// until all processes have ended, and kills those that take longer than some seconds. It also works
// if parts are paused or killed. Further calls return the result of the first.
func (c *Cluster) Stop() error {
	c.stop.Do(func() {
		var errs []error
		c.continueAll()
		for i := len(c.components) - 1; i >= 0; i-- {
			c.opts.Progress("stopping " + c.components[i].name)
			if err := c.components[i].stop(); err != nil {
				errs = append(errs, fmt.Errorf("stop %s: %w", c.components[i].name, err))
			}
		}
		for _, log := range c.logs {
			errs = append(errs, log.Close())
		}
		if c.leash != nil {
			c.opts.Progress("removing the work folder")
			errs = append(errs, c.leash.Release())
		}
		c.stopErr = errors.Join(errs...)
	})
	return c.stopErr
}

// Config returns a copy of a cluster administrator's configuration, without client-side throttling.
func (c *Cluster) Config() *rest.Config {
	if c.config == nil {
		return nil
	}
	return rest.CopyConfig(c.config)
}

// Kubeconfig returns the path of a cluster administrator's kubeconfig file.
func (c *Cluster) Kubeconfig() string { return c.kubeconfig }

// Dir returns the path of the work folder. Stop removes it.
func (c *Cluster) Dir() string { return c.dir }

// Definitions returns which definitions of Argo's resources are installed.
func (c *Cluster) Definitions() Definitions { return c.opts.Definitions }

// Kubectl returns the path of a kubectl of the API server's version, or "" if there is none.
func (c *Cluster) Kubectl() string { return c.bin.kubectl }

func (c *Cluster) path(elem ...string) string {
	return filepath.Join(append([]string{c.dir}, elem...)...)
}

func (c *Cluster) logDir() string { return c.path("logs") }

func (c *Cluster) logPath(name string) string { return filepath.Join(c.logDir(), name+".log") }

func (c *Cluster) started(name string, stop func() error) {
	c.components = append(c.components, component{name: name, stop: stop})
}
