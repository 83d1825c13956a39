package envtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// resourceInterval is the interval of checks of an object. Argo's is 5 s.
	resourceInterval = 200 * time.Millisecond

	// resourceFailed is the exit code of Argo's executor when a resource template fails.
	resourceFailed = "64"
)

// errPodOver ends the work for a pod that is deleted or terminating.
var errPodOver = errors.New("the pod is being deleted")

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

// startResource performs a pod's resource template once, in the background, and reports for the
// pod. The work can last as long as the pod exists.
func (e *executor) startResource(ctx context.Context, pod *corev1.Pod, t *podTemplate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.resources[pod.UID] {
		return
	}
	e.resources[pod.UID] = true
	e.workers.Go(func() {
		if err := e.runResource(ctx, pod, t); err != nil {
			e.log.Printf("pod %s/%s: %s of a resource ended early: %v", pod.Namespace, pod.Name, t.Resource.Action, err)
		}
	})
}

// forget is called for pods that are deleted or completed.
func (e *executor) forget(obj any) {
	if gone, ok := obj.(cache.DeletedFinalStateUnknown); ok {
		obj = gone.Obj
	}
	if pod, ok := obj.(*corev1.Pod); ok {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.resources, pod.UID)
	}
}

// runResource performs a resource template and lets the pod end accordingly. It returns an error if
// the pod was left alone.
func (e *executor) runResource(ctx context.Context, pod *corev1.Pod, t *podTemplate) error {
	result, err := taskResult(pod)
	if err != nil {
		return err
	}
	outputs, failure := e.performResource(ctx, pod, t)
	if err := e.over(ctx, pod); err != nil {
		return err
	}
	annotations := map[string]string{}
	if failure != nil {
		e.log.Printf("pod %s/%s: %s of a resource failed: %v", pod.Namespace, pod.Name, t.Resource.Action, failure)
		annotations[AnnotationExitCode], annotations[AnnotationMessage] = resourceFailed, failure.Error()
	} else {
		e.log.Printf("pod %s/%s: %s of a resource succeeded", pod.Namespace, pod.Name, t.Resource.Action)
		if len(outputs) > 0 {
			result.Object["outputs"] = map[string]any{"parameters": outputs}
		}
	}
	return e.repeat(ctx, pod, func(ctx context.Context) (bool, error) {
		if err := e.report(ctx, pod, result, annotations); err != nil {
			e.log.Printf("pod %s/%s: %v; trying again", pod.Namespace, pod.Name, err)
			return false, nil
		}
		return true, nil
	})
}

// performResource performs a resource template as the pod's service account, so that permissions
// apply, and returns the output parameters.
func (e *executor) performResource(ctx context.Context, pod *corev1.Pod, t *podTemplate) ([]any, error) {
	if err := checkTemplate(t); err != nil {
		return nil, err
	}
	flags, err := parseFlags(t.Resource.Action, t.Resource.Flags)
	if err != nil {
		return nil, err
	}
	condition, err := parseConditions(t.Resource)
	if err != nil {
		return nil, err
	}
	account, err := e.clientOf(pod)
	if err != nil {
		return nil, err
	}
	a := &resourceAction{
		client: account, namespace: pod.Namespace, spec: t.Resource, flags: flags,
		repeat: func(do func(context.Context) (bool, error)) error { return e.repeat(ctx, pod, do) },
	}
	object, err := a.perform()
	if err != nil {
		return nil, err
	}
	if object != nil {
		if err := a.await(object, condition); err != nil {
			return nil, err
		}
	}
	if len(t.Outputs.Parameters) == 0 {
		return nil, nil
	}
	return fillOutputs(t.Outputs.Parameters, object)
}

// clientOf returns a client that acts as a pod's service account.
func (e *executor) clientOf(pod *corev1.Pod) (client.Client, error) {
	cfg := rest.CopyConfig(e.config)
	cfg.Impersonate = rest.ImpersonationConfig{
		UserName: fmt.Sprintf("system:serviceaccount:%s:%s", pod.Namespace, pod.Spec.ServiceAccountName),
	}
	account, err := client.New(cfg, client.Options{Mapper: e.client.RESTMapper()})
	if err != nil {
		return nil, fmt.Errorf("make client of the pod's service account: %w", err)
	}
	return account, nil
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
	return errors.Is(err, io.ErrUnexpectedEOF) || utilnet.IsConnectionRefused(err) || utilnet.IsConnectionReset(err) || utilnet.IsProbableEOF(err) ||
		utilnet.IsTimeout(err) || utilnet.IsHTTP2ConnectionLost(err) ||
		apierrors.IsTooManyRequests(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
		apierrors.IsServiceUnavailable(err)
}
