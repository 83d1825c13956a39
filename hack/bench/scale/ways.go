package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

// The ways to find out that workflows have ended, and to list workflows.
const (
	ours          = "ours"
	informer      = "informer"
	polling       = "polling"
	listing       = "list"
	listingAtOnce = "list at once"
)

// way begins to wait for all workflows and blocks until each has been seen; again begins again to
// wait for one that had ended.
type way func(context.Context) (again func(index int), err error)

func (p *peer) ways() map[string]way {
	return map[string]way{
		ours: p.wait, informer: p.inform, polling: p.poll,
		listing:       func(ctx context.Context) (func(int), error) { return nil, p.list(ctx, p.count) },
		listingAtOnce: func(ctx context.Context) (func(int), error) { return nil, p.list(ctx, p.countAtOnce) },
	}
}

// wait is this library's way: one client, and a goroutine in Wait for each workflow.
func (p *peer) wait(ctx context.Context) (again func(index int), err error) {
	client, err := workflow.NewForConfig(p.config, workflow.Options{Namespace: p.Namespace})
	if err != nil {
		return nil, err
	}
	return p.startAll(func(index int, name string, seen func()) {
		s, err := client.Wait(ctx, name, func(s *status.WorkflowStatus) (bool, error) {
			if seen != nil {
				seen()
				seen = nil
			}
			return workflow.Completed(s)
		})
		reported := nanos()
		if err != nil {
			p.send(End{Failure: err.Error()})
			return
		}
		p.ended(index, s.ResourceVersion, reported)
	}), nil
}

// startAll calls wait for each workflow, and blocks until each has called seen. The name is not
// made by wait, since that takes more of its stack than waiting does.
func (p *peer) startAll(wait func(index int, name string, seen func())) (again func(index int)) {
	var seen sync.WaitGroup
	seen.Add(p.Workflows)
	for index := range p.Workflows {
		go wait(index, nameOf(index), seen.Done)
	}
	seen.Wait()
	return func(index int) { go wait(index, nameOf(index), nil) }
}

// inform is client-go's way: an informer of the namespace whose one handler checks whether a
// workflow has ended, also again. Nothing waits: what a waiter takes would come on top.
func (p *peer) inform(ctx context.Context) (again func(index int), err error) {
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return nil, err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, p.Namespace, nil)
	shared := factory.ForResource(workflows()).Informer()
	var seen sync.WaitGroup
	seen.Add(p.Workflows)
	if _, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc: func(any) { seen.Done() },
		UpdateFunc: func(before, after any) {
			reported := nanos()
			if object, ok := after.(*unstructured.Unstructured); ok && completed(object) && !completed(before.(*unstructured.Unstructured)) {
				p.ended(indexOf(object.GetName()), object.GetResourceVersion(), reported)
			}
		},
	}); err != nil {
		return nil, err
	}
	go shared.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), shared.HasSynced) {
		return nil, errors.New("the informer did not synchronize")
	}
	seen.Wait()
	return func(int) {}, nil
}

// completed reports whether a workflow has ended, without decoding more than that.
func completed(u *unstructured.Unstructured) bool {
	phase, _, _ := unstructured.NestedString(u.Object, "status", "phase") // which this program has written
	return phase != stage{}.Phase()
}

// pollInterval is how often polling reads each workflow.
const pollInterval = 5 * time.Second

// poll is the plain way: a goroutine for each workflow that reads it every few seconds. The reads
// are spread over the interval, as they are if workflows start one after the other.
func (p *peer) poll(ctx context.Context) (again func(index int), err error) {
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return nil, err
	}
	resource := client.Resource(workflows()).Namespace(p.Namespace)
	return p.startAll(func(index int, name string, seen func()) {
		delay := time.Duration(0)
		if seen != nil {
			delay = pollInterval * time.Duration(index) / time.Duration(p.Workflows)
		}
		for {
			time.Sleep(delay)
			delay = pollInterval
			object, err := resource.Get(ctx, name, metav1.GetOptions{})
			reported := nanos()
			if err != nil { // the next read will do
				continue
			}
			if seen != nil {
				seen()
				seen = nil
			}
			if completed(object) {
				p.ended(index, object.GetResourceVersion(), reported)
				return
			}
		}
	}), nil
}

// list measures how much memory is in use at most while count reads all workflows.
func (p *peer) list(ctx context.Context, count func(context.Context) (int, error)) error {
	highest := watchHeap()
	listed, err := count(ctx)
	p.mostHeap = highest()
	if err == nil && listed != p.Workflows {
		err = fmt.Errorf("listed %d workflows, want %d", listed, p.Workflows)
	}
	return err
}

// count lists page by page with this library.
func (p *peer) count(ctx context.Context) (count int, err error) {
	client, err := workflow.NewForConfig(p.config, workflow.Options{Namespace: p.Namespace})
	if err != nil {
		return 0, err
	}
	for _, err := range client.List(ctx, workflow.ListOptions{}) {
		if err != nil {
			return 0, err
		}
		count++
	}
	return count, nil
}

// countAtOnce lists all at once.
func (p *peer) countAtOnce(ctx context.Context) (count int, err error) {
	client, err := dynamic.NewForConfig(p.config)
	if err != nil {
		return 0, err
	}
	list, err := client.Resource(workflows()).Namespace(p.Namespace).List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	return len(list.Items), nil
}
