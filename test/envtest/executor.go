package envtest

import (
	"context"
	"fmt"
	"log"
	"sync"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const executorWorkers = 8

// executor replaces the executor container of a Workflow's pod: it reports the results of the node.
// The package's documentation lists the annotations with the results. For a resource template it
// also performs the action.
type executor struct {
	config *rest.Config
	kube   kubernetes.Interface
	client client.Client
	pods   corelisters.PodLister
	queue  workqueue.TypedRateLimitingInterface[cache.ObjectName]
	log    *log.Logger

	workers sync.WaitGroup

	mu        sync.Mutex
	resources map[types.UID]bool // pods whose resource templates have been started
}

// startExecutor starts the stand-in, which ends with the cluster. While the API server is
// unavailable, it retries.
func (c *Cluster) startExecutor() error {
	file, err := c.createLog("executor")
	if err != nil {
		return err
	}
	e := &executor{
		config:    c.config,
		kube:      c.kube,
		client:    c.client,
		queue:     workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[cache.ObjectName]()),
		log:       log.New(file, "", log.LstdFlags|log.Lmicroseconds),
		resources: map[types.UID]bool{},
	}
	factory := informers.NewSharedInformerFactoryWithOptions(c.kube, 0, informers.WithTweakListOptions(
		func(o *metav1.ListOptions) { o.LabelSelector = labelWorkflow + "," + labelCompleted + "!=true" }))
	informer := factory.Core().V1().Pods()
	e.pods = informer.Lister()
	_, err = informer.Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    e.enqueue,
		UpdateFunc: func(_, pod any) { e.enqueue(pod) },
		DeleteFunc: e.forget,
	})
	if err != nil {
		return fmt.Errorf("watch pods: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	factory.Start(ctx.Done())
	for range executorWorkers {
		e.workers.Go(func() { e.work(ctx) })
	}
	c.started("executor", func() error {
		cancel()
		e.queue.ShutDown()
		e.workers.Wait()
		factory.Shutdown()
		return nil
	})
	return nil
}

func (e *executor) enqueue(obj any) {
	if pod, ok := obj.(*corev1.Pod); ok && needsReport(pod) {
		e.queue.Add(cache.MetaObjectToName(pod))
	}
}

func (e *executor) work(ctx context.Context) {
	for {
		name, shutdown := e.queue.Get()
		if shutdown {
			return
		}
		if err := e.reportFor(ctx, name); err != nil {
			e.log.Printf("pod %s: %v; trying again", name, err)
			e.queue.AddRateLimited(name)
		} else {
			e.queue.Forget(name)
		}
		e.queue.Done(name)
	}
}

// reportFor reports for the named pod in its current state.
func (e *executor) reportFor(ctx context.Context, name cache.ObjectName) error {
	pod, err := e.pods.Pods(name.Namespace).Get(name.Name)
	if err != nil || !needsReport(pod) {
		return client.IgnoreNotFound(err)
	}
	template, err := e.template(ctx, pod)
	if err != nil {
		return err
	}
	if template.Resource != nil {
		e.startResource(ctx, pod, template)
		return nil
	}
	result, err := taskResult(pod)
	if err != nil {
		// A retry doesn't help, and the error shows in the pod, which never ends.
		e.log.Printf("pod %s: %v; it is left running", name, err)
		return nil
	}
	return e.report(ctx, pod, result, nil)
}

// report writes a node's result and lets its pod end, with the given annotations added.
func (e *executor) report(ctx context.Context, pod *corev1.Pod, result *unstructured.Unstructured, annotations map[string]string) error {
	if err := e.write(ctx, result); err != nil {
		return fmt.Errorf("report result of node %s: %w", result.GetName(), err)
	}
	e.log.Printf("pod %s/%s: reported node %s", pod.Namespace, pod.Name, result.GetName())
	return e.markReported(ctx, pod, annotations)
}
