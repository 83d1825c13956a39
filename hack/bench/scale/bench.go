package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/opensearch-project/opensearch-migrations/argoservice/hack/internal/report"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/envtest"
)

// bench is one run.
type bench struct {
	findings
	cluster *envtest.Cluster
	steps   *report.Steps
}

// measured is what one window has shown of one way.
type measured struct {
	workflows int
	started   Usage   // until every workflow has been seen
	memory    int64   // with all waiting: the larger of those before and after the changes
	running   Usage   // while workflows changed
	rate      float64 // changes a second
	delays    delays
}

// measure measures everything at one size.
func (b *bench) measure(ctx context.Context, s size) error {
	namespace, err := b.cluster.NewNamespace(ctx, "scale")
	if err != nil {
		return err
	}
	kubeconfig, err := b.readerOf(ctx, namespace)
	if err != nil {
		return err
	}
	c, err := newCrowd(b.cluster.Config(), namespace, s.workflows)
	if err != nil {
		return err
	}
	task := Task{Kubeconfig: kubeconfig, Namespace: namespace, Workflows: s.workflows}
	b.steps.Step("creating %d workflows", s.workflows)
	if err := c.create(ctx); err != nil {
		return err
	}
	at := atSize{workflows: s.workflows, windows: map[string]windows{}}
	for number := range s.windows {
		for _, way := range []string{ours, informer, polling} {
			if way == polling && (!s.polled || number > 0) {
				continue
			}
			b.steps.Step("%s, %d workflows, window %d", way, s.workflows, number+1)
			task.Way = way
			m, err := b.window(ctx, task, c)
			if err != nil {
				return fmt.Errorf("%s: %w", way, err)
			}
			at.windows[way] = append(at.windows[way], m)
		}
	}
	b.sizes = append(b.sizes, at)
	if len(b.sizes) < len(b.extent.sizes) {
		return nil
	}
	b.steps.Step("listing %d workflows", s.workflows)
	b.objectBytes = c.bytes.Load()
	task.Way = listing
	if b.paged, err = list(ctx, task); err != nil {
		return err
	}
	task.Way = listingAtOnce
	b.atOnce, err = list(ctx, task)
	return err
}

// readerOf returns the kubeconfig of a service account that reads workflows. Unlike an
// administrator's, its requests are queued if there are too many, so the changes of workflows don't
// wait for them.
func (b *bench) readerOf(ctx context.Context, namespace string) (kubeconfig string, err error) {
	const name = "reader"
	rule := rbacv1.PolicyRule{
		APIGroups: []string{workflows().Group}, Resources: []string{workflows().Resource}, Verbs: []string{"get", "list", "watch"},
	}
	if err := b.cluster.CreateServiceAccount(ctx, namespace, name, rule); err != nil {
		return "", err
	}
	cfg, err := b.cluster.ServiceAccountConfig(ctx, namespace, name)
	if err != nil {
		return "", err
	}
	return b.cluster.WriteKubeconfig(namespace+".kubeconfig", cfg)
}

// window starts a process that waits as the task says for all of the crowd, has workflows change for
// a while and leaves all of them running.
func (b *bench) window(ctx context.Context, t Task, c *crowd) (m measured, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d := newDriver(c)
	p, err := startProcess(ctx, d.ended, cancel)
	if err != nil {
		return m, err
	}
	defer func() {
		stopped := p.stop()
		err = errors.Join(context.Cause(ctx), err, stopped)
	}()
	d.again = func(index int) error { return p.rpc.Call("peer.Again", index, new(int)) }
	m.workflows = len(c.stages)
	var changes, memory int64
	for _, step := range []func() error{
		func() error { return p.rpc.Call("peer.Start", t, &m.started) },
		func() error { return p.rpc.Call("peer.Memory", 0, &m.memory) },
		func() error { return c.collectGarbage(ctx) },
		func() error { _, err := d.drive(ctx, b.extent.warmUp, false); return err },
		func() error { return p.rpc.Call("peer.Usage", 0, &Usage{}) }, // m.running counts from here
		func() (err error) { changes, err = d.drive(ctx, b.extent.window, true); return err },
		func() error { return p.rpc.Call("peer.Usage", 0, &m.running) },
		func() error { return d.settle(ctx, 30*time.Second+2*pollInterval) },
		func() error { return d.reviveAll(ctx) },
		func() error { return p.rpc.Call("peer.Memory", 0, &memory) },
		func() (err error) { m.delays, err = d.delays(); return err },
	} {
		if err := step(); err != nil {
			return m, err
		}
	}
	m.rate, m.memory = m.running.perSecond(changes), max(m.memory, memory)
	return m, nil
}

// list returns the most memory that a process has in use while it lists workflows as the task says.
func list(ctx context.Context, t Task) (most int64, err error) {
	p, err := startProcess(ctx, nil, func(error) {})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	var used Usage
	err = p.rpc.Call("peer.Start", t, &used)
	return used.MostHeap, err
}
