package envtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// resourceInterval is the interval of checks of an object, and of retries. Argo's is 5 s.
	resourceInterval = 200 * time.Millisecond

	// resourceFailed is the exit code of Argo's executor when a resource template fails.
	resourceFailed = "64"
)

// errPodOver ends the work for a pod that is deleted or terminating.
var errPodOver = errors.New("the pod is being deleted")

// executor replaces the executor container of a Workflow's pod: as the pod's service account, it
// reports the results of the node. The package's documentation lists the annotations with the
// results. For a resource template it also performs the action.
type executor struct {
	config *rest.Config
	kube   kubernetes.Interface
	client client.Client
	pods   corelisters.PodLister
	log    *log.Logger

	running sync.WaitGroup
	started map[types.UID]bool // pods whose work has been started; only the informer's handler uses it
}

// startExecutor starts the stand-in, which ends with the cluster. While the API server is
// unavailable, it retries.
func (c *Cluster) startExecutor() error {
	file, err := c.createLog("executor")
	if err != nil {
		return err
	}
	factory := informers.NewSharedInformerFactoryWithOptions(c.kube, 0, informers.WithTweakListOptions(
		func(o *metav1.ListOptions) { o.LabelSelector = labelWorkflow + "," + labelCompleted + "!=true" }))
	pods := factory.Core().V1().Pods()
	e := &executor{
		config:  c.config,
		kube:    c.kube,
		client:  c.client,
		pods:    pods.Lister(),
		log:     log.New(file, "", log.LstdFlags|log.Lmicroseconds),
		started: map[types.UID]bool{},
	}
	ctx, cancel := context.WithCancel(context.Background())
	c.started("executor", func() error {
		cancel()
		factory.Shutdown()
		e.running.Wait()
		return nil
	})
	_, err = pods.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(pod any) { e.start(ctx, pod) },
		UpdateFunc: func(_, pod any) { e.start(ctx, pod) },
	})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	factory.Start(ctx.Done())
	return nil
}

// start starts the work for a pod once it runs. The work can last as long as the pod exists.
func (e *executor) start(ctx context.Context, obj any) {
	pod, ok := obj.(*corev1.Pod)
	if !ok || e.started[pod.UID] || !needsReport(pod) {
		return
	}
	e.started[pod.UID] = true
	e.running.Go(func() {
		if err := e.run(ctx, pod); err != nil {
			e.log.Printf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
		}
	})
}

// run performs a pod's resource template, if it has one, and reports the result. It returns an
// error if the pod was left alone.
func (e *executor) run(ctx context.Context, pod *corev1.Pod) error {
	result, err := taskResult(pod)
	if err != nil {
		// A retry doesn't help, and the error shows in the pod, which never ends.
		return fmt.Errorf("%w; it is left running", err)
	}
	var template *podTemplate
	err = e.retry(ctx, pod, func(ctx context.Context) (err error) {
		template, err = e.template(ctx, pod)
		return err
	})
	if err != nil {
		return err
	}
	annotations := map[string]string{annotationReported: "true"}
	if template.Resource != nil {
		action := template.Resource.Action
		outputs, failure := e.performResource(ctx, pod, template)
		if err := e.over(ctx, pod); err != nil {
			return fmt.Errorf("%s of a resource ended early: %w", action, err)
		}
		if failure != nil {
			e.log.Printf("pod %s/%s: %s of a resource failed: %v", pod.Namespace, pod.Name, action, failure)
			annotations[AnnotationExitCode], annotations[AnnotationMessage] = resourceFailed, failure.Error()
		}
		if len(outputs) > 0 {
			result.Object["outputs"] = map[string]any{"parameters": outputs}
		}
	}
	account, err := e.account(pod)
	if err != nil {
		return err
	}
	err = e.repeat(ctx, pod, func(ctx context.Context) (bool, error) {
		err := report(ctx, account, result)
		return err == nil, err
	})
	if over := e.over(ctx, pod); over != nil {
		return over
	}
	if err != nil {
		e.log.Printf("pod %s/%s: %v", pod.Namespace, pod.Name, err)
		annotations[annotationUnreported] = err.Error()
	}
	return e.retry(ctx, pod, func(ctx context.Context) error {
		e.log.Printf("pod %s/%s: ends after the report of node %s", pod.Namespace, pod.Name, result.GetName())
		reported := pod.DeepCopy()
		maps.Copy(reported.Annotations, annotations)
		return e.client.Patch(ctx, reported, client.MergeFrom(pod))
	})
}

// account returns a client that acts as a pod's service account.
func (e *executor) account(pod *corev1.Pod) (client.Client, error) {
	cfg := rest.CopyConfig(e.config)
	cfg.Impersonate.UserName = fmt.Sprintf("system:serviceaccount:%s:%s", pod.Namespace, pod.Spec.ServiceAccountName)
	account, err := client.New(cfg, client.Options{Mapper: e.client.RESTMapper()})
	if err != nil {
		return nil, fmt.Errorf("make client of the pod's service account: %w", err)
	}
	return account, nil
}

// report creates a task result, or updates an existing one of an earlier attempt or of a node that
// is being retried.
func report(ctx context.Context, account client.Client, result *unstructured.Unstructured) error {
	err := account.Create(ctx, result.DeepCopy())
	if apierrors.IsAlreadyExists(err) {
		err = account.Patch(ctx, result.DeepCopy(), client.Merge)
	}
	return err
}

// template returns the template of a pod. Its Resource is nil if the pod is of another kind.
func (e *executor) template(ctx context.Context, pod *corev1.Pod) (*podTemplate, error) {
	text := templateOf(pod)
	if text == offloadedTemplate {
		config, err := e.kube.CoreV1().ConfigMaps(pod.Namespace).Get(ctx, pod.Name, metav1.GetOptions{})
		if err != nil {
			return nil, fmt.Errorf("read offloaded template: %w", err)
		}
		text = config.Data[envTemplate]
	}
	t := &podTemplate{}
	if text == "" {
		return t, nil
	}
	if err := json.Unmarshal([]byte(text), t); err != nil {
		return nil, fmt.Errorf("read template: %w", err)
	}
	return t, nil
}

// retry calls do until it succeeds, or the pod or the cluster ends.
func (e *executor) retry(ctx context.Context, pod *corev1.Pod, do func(context.Context) error) error {
	return e.repeat(ctx, pod, func(ctx context.Context) (bool, error) {
		err := do(ctx)
		if err != nil {
			e.log.Printf("pod %s/%s: %v; trying again", pod.Namespace, pod.Name, err)
		}
		return err == nil, nil
	})
}

// repeat calls do until it is done or fails. It retries while the API server is unavailable or not
// ready. It ends with the pod and with the cluster.
func (e *executor) repeat(ctx context.Context, pod *corev1.Pod, do func(context.Context) (bool, error)) error {
	ready := false
	return wait.PollUntilContextCancel(ctx, resourceInterval, true, func(ctx context.Context) (bool, error) {
		if err := e.over(ctx, pod); err != nil {
			return false, err
		}
		done, err := do(ctx)
		switch {
		case err != nil && isTransient(err):
			ready = false
		case apierrors.IsForbidden(err) && !ready:
			// A restarted API server knows no roles at first. In a real cluster it gets no requests
			// until it is ready, but here there is only one server.
			ready = e.kube.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error() == nil
		default:
			return done, err
		}
		e.log.Printf("pod %s/%s: %v; trying again", pod.Namespace, pod.Name, err)
		return false, nil
	})
}

// over returns why the work for a pod must end, or nil.
func (e *executor) over(ctx context.Context, pod *corev1.Pod) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	now, err := e.pods.Pods(pod.Namespace).Get(pod.Name)
	if err != nil || now.UID != pod.UID || now.DeletionTimestamp != nil {
		return errPodOver // the lister fails only if the pod does not exist
	}
	return nil
}

// isTransient reports whether an error means that the API server is unavailable for the moment.
func isTransient(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || utilnet.IsProbableEOF(err) || utilnet.IsTimeout(err) ||
		utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsHTTP2ConnectionLost(err) ||
		apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err)
}
