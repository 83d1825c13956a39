package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	typed "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/clientcmd"
)

// callTimeout is how long a request to the API server may take.
const callTimeout = 10 * time.Second

// kubernetes is what the workers and their workflow can be seen by.
type kubernetes struct {
	settings
	core typed.CoreV1Interface
}

func connect(s settings) (*kubernetes, error) {
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(
		clientcmd.NewDefaultClientConfigLoadingRules(), &clientcmd.ConfigOverrides{}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("find a cluster: %w", err)
	}
	cfg.Timeout = callTimeout
	core, err := typed.NewForConfig(cfg)
	if err != nil {
		return nil, err
	}
	return &kubernetes{settings: s, core: core}, nil
}

// workers names the pods of the session that run, in order. One that is being deleted works no more.
func (k *kubernetes) workers(ctx context.Context) ([]string, error) {
	selector := "app=bulk-loader,deployment-name=" + k.session + "-rfs"
	pods, err := k.core.Pods(k.namespace).List(ctx, metav1.ListOptions{LabelSelector: selector})
	if err != nil {
		return nil, fmt.Errorf("list the workers: %w", err)
	}
	var names []string
	for i := range pods.Items {
		if pod := &pods.Items[i]; pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil {
			names = append(names, pod.Name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// report says how the work has ended. To say it again changes nothing.
func (k *kubernetes) report(ctx context.Context) error {
	patch := []byte(`{"data": {"state": "done"}}`)
	if k.fail {
		patch = []byte(`{"data": {"state": "failed"}}`)
	}
	_, err := k.core.ConfigMaps(k.namespace).Patch(ctx, k.session+"-work", types.MergePatchType, patch, metav1.PatchOptions{})
	if err != nil {
		return fmt.Errorf("report how the work has ended: %w", err)
	}
	return nil
}
