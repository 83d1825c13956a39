package faults_test

import (
	"context"
	"math/rand/v2"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// halter halts the workflow-controller for a random moment right after a workflow was written.
type halter struct {
	chance  *rand.Rand
	halts   int
	cancel  context.CancelFunc
	stopped chan error
}

// haltController halts the controller around its writes until stop is called or the spec ends.
func (s *scene) haltController(ctx context.Context) *halter {
	halting, cancel := context.WithCancel(ctx)
	h := &halter{chance: seeded(0), cancel: cancel, stopped: make(chan error, 1)}
	go func() { h.stopped <- h.run(halting, s.namespace) }()
	DeferCleanup(func() {
		cancel()
		Expect(cluster.Continue(envtest.PartWorkflowController)).To(Succeed())
	})
	return h
}

// stop leaves the controller running, and returns how often it was halted.
func (h *halter) stop() int {
	GinkgoHelper()
	h.cancel()
	Expect(<-h.stopped).To(Succeed())
	return h.halts
}

func (h *halter) run(ctx context.Context, namespace string) error {
	for ctx.Err() == nil {
		events, err := argotest.Workflows(dyn, namespace).Watch(ctx, metav1.ListOptions{})
		if err == nil {
			err = h.follow(ctx, events)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// follow halts the controller as long as a watch lasts. The API server ends each watch after some
// minutes.
func (h *halter) follow(ctx context.Context, events watch.Interface) error {
	defer events.Stop()
	rested := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case _, open := <-events.ResultChan():
			if !open {
				return nil
			}
		}
		if time.Now().Before(rested) {
			continue
		}
		if err := cluster.Pause(envtest.PartWorkflowController); err != nil {
			return err
		}
		sleep(ctx, time.Duration(10+h.chance.IntN(91))*time.Millisecond)
		if err := cluster.Continue(envtest.PartWorkflowController); err != nil {
			return err
		}
		h.halts++
		rested = time.Now().Add(time.Duration(h.chance.IntN(100)) * time.Millisecond)
	}
}

// seeded returns a source of random numbers that repeats them when Ginkgo's seed is given again.
// Sources of different numbers are independent.
func seeded(number int) *rand.Rand {
	return rand.New(rand.NewPCG(uint64(GinkgoRandomSeed()), uint64(number)))
}

// sleep sleeps for d, and returns false if ctx ends before.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
