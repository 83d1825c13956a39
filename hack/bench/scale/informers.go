package main

import (
	"context"
	"errors"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// informerPeer is client-go's way: an informer of the namespace whose one handler checks whether a
// workflow has ended. Nothing waits: what a waiter takes would come on top.
type informerPeer struct {
	peer *peer
}

func (i *informerPeer) start(ctx context.Context) error {
	client, err := dynamic.NewForConfig(i.peer.config)
	if err != nil {
		return err
	}
	factory := dynamicinformer.NewFilteredDynamicSharedInformerFactory(client, 0, i.peer.task.Namespace, nil)
	shared := factory.ForResource(workflows()).Informer()
	var seen sync.WaitGroup
	seen.Add(i.peer.task.Workflows)
	if _, err := shared.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { seen.Done() },
		UpdateFunc: i.updated,
	}); err != nil {
		return err
	}
	go shared.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), shared.HasSynced) {
		return errors.New("the informer did not synchronize")
	}
	seen.Wait()
	return nil
}

// updated is called for each change.
func (i *informerPeer) updated(before, after any) {
	reported := nanos()
	if completed(before) || !completed(after) {
		return
	}
	object := after.(*unstructured.Unstructured)
	index, err := indexOf(object.GetName())
	if err != nil {
		i.peer.failed(err)
		return
	}
	i.peer.ended(index, object.GetResourceVersion(), reported)
}

// again has nothing to do: an informer watches what has ended as well.
func (i *informerPeer) again(context.Context, int) {}

// completed reports whether a workflow has ended, without decoding more than that.
func completed(object any) bool {
	u, ok := object.(*unstructured.Unstructured)
	if !ok {
		return false
	}
	phase, _, _ := unstructured.NestedString(u.Object, "status", "phase") // which this program has written
	return phase == "Succeeded" || phase == "Failed" || phase == "Error"
}
