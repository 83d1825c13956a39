package specs_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/status"
	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
	"github.com/opensearch-project/opensearch-migrations/argoservice/test/argotest"
)

// These are the parts that several operations have.
const (
	partCheck        = "the check against the template"
	partNaming       = "naming the templates there are"
	partClusterCheck = "the check against a ClusterWorkflowTemplate"
	partClusterNames = "naming the ClusterWorkflowTemplates there are"
	partShared       = "one watch for many at once"
	partDiagnostic   = "a StartDiagnostic"
	partEvents       = "Options.EventSource"
	partKeyWithName  = "finding an idempotency key in use by another Name"
)

// operation is one on a workflow. It returns the name of the workflow that it has changed or created.
type operation func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error)

// operationProbes returns probes of all operations on workflows.
func operationProbes() []probe {
	all := slices.Concat(startProbes(), followProbes(), deleteProbes(), retryProbes(), eventProbes(), logProbes())
	all = append(all, probe{workflow.OpList, nil, func(ctx context.Context, s *stage) error {
		for _, err := range s.client().List(ctx, workflow.ListOptions{}) {
			return err
		}
		return errors.New("there are none")
	}})
	calls := steering()
	maps.Copy(calls, map[workflow.Op]operation{
		workflow.OpGet: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, second(c.Get(ctx, name))
		},
		workflow.OpGates: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, second(c.Gates(ctx, name))
		},
		workflow.OpDelete: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, c.Delete(ctx, name, workflow.DeleteOptions{})
		},
	})
	for op, call := range calls {
		all = append(all, probe{op, nil, func(ctx context.Context, s *stage) error {
			return second(call(ctx, s.client(), s.newWorkflow(ctx, "", gateStatus)))
		}})
	}
	return all
}

// steering returns the operations that change a workflow that runs.
func steering() map[workflow.Op]operation {
	return map[workflow.Op]operation{
		workflow.OpApprove: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, second(c.Approve(ctx, name, workflow.Decision{All: true}))
		},
		workflow.OpReject: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, second(c.Reject(ctx, name, workflow.Decision{All: true}))
		},
		workflow.OpSuspend: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, c.Suspend(ctx, name, workflow.SuspendOptions{})
		},
		workflow.OpResume: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, second(c.Resume(ctx, name, workflow.ResumeOptions{}))
		},
		workflow.OpStop: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, c.Stop(ctx, name, workflow.StopOptions{})
		},
		workflow.OpTerminate: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, c.Terminate(ctx, name, workflow.TerminateOptions{})
		},
	}
}

const gateStatus = `{phase: Running, nodes: {gate: {id: gate, name: gate, displayName: gate, type: Suspend, phase: Running}}}`

func startProbes() []probe {
	manifest := []byte(`{metadata: {generateName: probe-}, spec: ` + inlineSpec + `}`)
	start := func(ctx context.Context, s *stage, req workflow.StartRequest) error {
		return second(s.client().Start(ctx, req))
	}
	// First a request that the template check refuses, or without a template, which is started if
	// the check is omitted. Then a valid one.
	checked := func(op workflow.Op, call func(ctx context.Context, s *stage, template string, cluster bool, parameters map[string]any) error) []probe {
		right := map[string]any{"needed": 1}
		refused := func(cluster bool) attempt {
			return func(ctx context.Context, s *stage) error {
				first := insteadOf(call(ctx, s, s.template(cluster), cluster, nil), workflow.ErrInvalid)
				return cmp.Or(call(ctx, s, s.template(cluster), cluster, right), first)
			}
		}
		named := func(cluster bool) attempt {
			return func(ctx context.Context, s *stage) error {
				hint := fmt.Sprintf("did you mean %q", s.template(cluster))
				first := naming(call(ctx, s, s.template(cluster)+"x", cluster, nil), hint)
				return cmp.Or(call(ctx, s, s.template(cluster), cluster, right), first)
			}
		}
		return []probe{
			{op, []string{partCheck}, refused(false)}, {op, []string{partNaming, partCheck}, named(false)},
			{op, []string{partClusterCheck}, refused(true)}, {op, []string{partClusterNames, partClusterCheck}, named(true)},
		}
	}
	fromTemplate := func(ctx context.Context, s *stage, template string, cluster bool, parameters map[string]any) error {
		return start(ctx, s, workflow.StartRequest{Template: template, ClusterScope: cluster, Parameters: parameters})
	}
	again := func(ctx context.Context, s *stage, template string, cluster bool, parameters map[string]any) error {
		spec := fmt.Sprintf(`{workflowTemplateRef: {name: %s, clusterScope: %t}}`, template, cluster)
		name := s.put(ctx, s.fresh(), "", spec, failedStatus).GetName()
		return second(s.client().Resubmit(ctx, name, workflow.ResubmitOptions{Parameters: parameters}))
	}
	return slices.Concat(checked(workflow.OpStart, fromTemplate), checked(workflow.OpResubmit, again), []probe{
		{workflow.OpCreate, nil, func(ctx context.Context, s *stage) error {
			return second(s.client().Create(ctx, argotest.Object(`{metadata: {generateName: probe-, labels: {`+ofNobody+`}}, spec: `+inlineSpec+`}`)))
		}},
		{workflow.OpStart, nil, func(ctx context.Context, s *stage) error {
			return start(ctx, s, workflow.StartRequest{Manifest: manifest})
		}},
		{workflow.OpStart, []string{"an idempotency key"}, func(ctx context.Context, s *stage) error {
			return start(ctx, s, workflow.StartRequest{Manifest: manifest, IdempotencyKey: s.own})
		}},
		{workflow.OpStart, []string{partKeyWithName, "an idempotency key"}, func(ctx context.Context, s *stage) error {
			req := workflow.StartRequest{Manifest: manifest, Name: s.fresh(), IdempotencyKey: s.fresh()}
			if err := start(ctx, s, req); err != nil {
				return err
			}
			req.Name = s.fresh()
			return insteadOf(start(ctx, s, req), workflow.ErrConflict)
		}},
		{workflow.OpStart, []string{"a name that is taken"}, func(ctx context.Context, s *stage) error {
			err := start(ctx, s, workflow.StartRequest{Manifest: manifest, Name: loggedWorkflow})
			return insteadOf(err, workflow.ErrAlreadyExists)
		}},
		{workflow.OpStart, []string{"ExistsReplace"}, func(ctx context.Context, s *stage) error {
			name := s.newWorkflow(ctx, "", runningStatus)
			cfg := s.onWatch(func() { _ = s.patch(ctx, name, `{"status":{"phase":"Failed"}}`) }) // as the controller does
			req := workflow.StartRequest{Manifest: manifest, Name: name, IfExists: workflow.ExistsReplace}
			return second(s.clientWith(cfg, workflow.Options{}).Start(ctx, req))
		}},
		{workflow.OpStart, []string{"a CronWorkflow"}, func(ctx context.Context, s *stage) error {
			return start(ctx, s, workflow.StartRequest{CronWorkflow: nightlyCron})
		}},
		{workflow.OpStart, []string{"naming the CronWorkflows there are", "a CronWorkflow"}, func(ctx context.Context, s *stage) error {
			first := naming(start(ctx, s, workflow.StartRequest{CronWorkflow: nightlyCron + "x"}), nightlyCron+";")
			return cmp.Or(start(ctx, s, workflow.StartRequest{CronWorkflow: nightlyCron}), first)
		}},
		{workflow.OpResubmit, nil, func(ctx context.Context, s *stage) error {
			return second(s.client().Resubmit(ctx, loggedWorkflow, workflow.ResubmitOptions{}))
		}},
		{workflow.OpResubmit, []string{partKeyWithName}, func(ctx context.Context, s *stage) error {
			opts := workflow.ResubmitOptions{Name: s.fresh(), IdempotencyKey: s.fresh()}
			if _, err := s.client().Resubmit(ctx, loggedWorkflow, opts); err != nil {
				return err
			}
			opts.Name = s.fresh()
			return insteadOf(second(s.client().Resubmit(ctx, loggedWorkflow, opts)), workflow.ErrConflict)
		}},
	})
}

// template returns the name of the existing template.
func (s *stage) template(cluster bool) string {
	if cluster {
		return s.namespace
	}
	return strictTemplate
}

// allowing returns nil if err is want, and err otherwise.
func allowing(err, want error) error {
	if errors.Is(err, want) {
		return nil
	}
	return err
}

// insteadOf returns nil for the error that is wanted, and errWithout for success.
func insteadOf(err, want error) error {
	if err == nil {
		return errWithout
	}
	return allowing(err, want)
}

// naming returns nil if err is about a missing object and contains the hint at existing ones.
func naming(err error, hint string) error {
	if errors.Is(err, workflow.ErrTemplateNotFound) && !strings.Contains(err.Error(), hint) {
		return errWithout
	}
	return insteadOf(err, workflow.ErrTemplateNotFound)
}

// follower follows a workflow to its end, or until the condition holds.
type follower func(ctx context.Context, c *workflow.WorkflowClient, name string, until workflow.Condition) error

func waitFor(ctx context.Context, c *workflow.WorkflowClient, name string, until workflow.Condition) error {
	return second(c.Wait(ctx, name, until))
}

func watchFor(ctx context.Context, c *workflow.WorkflowClient, name string, until workflow.Condition) error {
	for s, err := range c.Watch(ctx, name) {
		if err != nil {
			return err
		}
		if done, err := until(s); done || err != nil {
			return err
		}
	}
	return errors.New("it has ended before")
}

func followProbes() []probe {
	var all []probe
	for op, follow := range map[workflow.Op]follower{workflow.OpWait: waitFor, workflow.OpWatch: watchFor} {
		plain := func(ctx context.Context, s *stage) error {
			name := s.newWorkflow(ctx, "", runningStatus)
			return follow(ctx, s.clientWith(s.onWatch(s.ending(ctx, name)), workflow.Options{}), name, workflow.Completed)
		}
		diagnosed := func(ctx context.Context, s *stage) error {
			name := s.newWorkflow(ctx, "", "{}")
			seen := newTally(s.ending(ctx, name), "workflows", "diagnostic")
			cfg := s.watched(func(resource, _ string) { seen.add(resource) })
			searched := false
			until := func(s *status.WorkflowStatus) (bool, error) {
				if s.StartDiagnostic != nil {
					searched = s.StartDiagnostic.Searched
					seen.add("diagnostic")
				}
				return s.Completed(), nil
			}
			err := follow(ctx, s.clientWith(cfg, workflow.Options{DiagnoseStartAfter: time.Millisecond}), name, until)
			if err == nil && !searched {
				return errWithout
			}
			return err
		}
		shared := sharing{op: op, reads: 1, own: func(ctx context.Context, s *stage, c *workflow.WorkflowClient, _ *tally) error {
			return follow(ctx, c, s.own, workflow.Completed)
		}}
		all = append(all, probe{op, nil, plain}, probe{op, []string{partDiagnostic}, diagnosed}, shared.probe())
	}
	return all
}

func deleteProbes() []probe {
	const hold = "finalizers: [argoservice.test/hold]"
	return []probe{
		{workflow.OpDelete, []string{"repeating a lost request"}, func(ctx context.Context, s *stage) error {
			name := s.newWorkflow(ctx, "", runningStatus)
			var lost atomic.Bool
			cfg := rest.CopyConfig(s.cfg)
			cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
				return roundTripper(func(r *http.Request) (*http.Response, error) {
					resp, err := next.RoundTrip(r)
					if r.Method == http.MethodDelete && err == nil && resp.StatusCode == http.StatusOK && lost.CompareAndSwap(false, true) {
						return nil, lose(resp)
					}
					return resp, err
				})
			})
			err := s.clientWith(cfg, workflow.Options{}).Delete(ctx, name, workflow.DeleteOptions{})
			if errors.Is(err, workflow.ErrUnknownOutcome) {
				return errWithout
			}
			return err
		}},
		{workflow.OpDelete, []string{"Wait"}, func(ctx context.Context, s *stage) error {
			name := s.newWorkflow(ctx, hold, runningStatus)
			cfg := s.onWatch(func() { _ = s.patch(ctx, name, `{"metadata":{"finalizers":null}}`) }) // otherwise the probe takes too long
			return s.clientWith(cfg, workflow.Options{}).Delete(ctx, name, workflow.DeleteOptions{Wait: true})
		}},
		{workflow.OpDelete, []string{"AbandonArtifactGC"}, func(ctx context.Context, s *stage) error {
			name := s.newWorkflow(ctx, "finalizers: [workflows.argoproj.io/artifact-gc]", runningStatus)
			return s.client().Delete(ctx, name, workflow.DeleteOptions{AbandonArtifactGC: true})
		}},
		sharing{op: workflow.OpDelete, parts: []string{"Wait"}, reads: 1, hold: hold,
			own: func(ctx context.Context, s *stage, c *workflow.WorkflowClient, _ *tally) error {
				o, err := argotest.Workflows(dyn, s.namespace).Get(ctx, s.own, metav1.GetOptions{})
				Expect(err).NotTo(HaveOccurred())
				return c.Delete(ctx, s.own, workflow.DeleteOptions{Wait: true, UID: o.GetUID()})
			}}.probe(),
	}
}

func retryProbes() []probe {
	const status = `{phase: Failed, startedAt: "2026-01-01T00:00:00Z", finishedAt: "2026-01-01T00:01:00Z", nodes: {
		%[1]s: {id: %[1]s, name: %[1]s, displayName: %[1]s, type: Steps, phase: Failed, children: [%[1]s-1]},
		%[1]s-1: {id: %[1]s-1, name: "%[1]s[0]", displayName: work, type: Pod, phase: Failed, templateName: work, boundaryID: %[1]s}}}`
	return []probe{
		{workflow.OpRetry, nil, func(ctx context.Context, s *stage) error {
			return second(s.client().Retry(ctx, s.newWorkflow(ctx, "", failedStatus), workflow.RetryOptions{}))
		}},
		// The pod is like one of the controller, with a name in the old format: the ID of its node.
		{workflow.OpRetry, []string{"steps that ran in pods"}, func(ctx context.Context, s *stage) error {
			name := s.fresh()
			wf := s.put(ctx, name, "annotations: {workflows.argoproj.io/pod-name-format: v1}", inlineSpec, fmt.Sprintf(status, name))
			createIn(ctx, s.namespace, fmt.Sprintf(`{apiVersion: v1, kind: Pod,
				metadata: {name: %[1]s-1,
					labels: {workflows.argoproj.io/workflow: %[1]s}, annotations: {workflows.argoproj.io/node-id: %[1]s-1},
					ownerReferences: [{apiVersion: argoproj.io/v1alpha1, kind: Workflow, name: %[1]s, uid: "%[2]s",
						controller: true, blockOwnerDeletion: true}]},
				spec: {schedulerName: nobody, containers: [{name: main, image: any}]}}`, name, wf.GetUID()))
			if err := second(s.client().Retry(ctx, name, workflow.RetryOptions{})); err != nil {
				return err
			}
			_, err := kube.CoreV1().Pods(s.namespace).Get(ctx, name+"-1", metav1.GetOptions{})
			Expect(err).To(MatchError(apierrors.IsNotFound, "IsNotFound"), "the pod is left")
			return nil
		}},
	}
}

// eventProbes returns probes for whether an operation that changes a workflow records an Event.
func eventProbes() []probe {
	manifest := []byte(`{metadata: {generateName: probe-}, spec: ` + inlineSpec + `}`)
	calls := steering()
	maps.Copy(calls, map[workflow.Op]operation{
		workflow.OpStart: func(ctx context.Context, c *workflow.WorkflowClient, _ string) (string, error) {
			started, err := c.Start(ctx, workflow.StartRequest{Manifest: manifest})
			if err != nil {
				return "", err
			}
			return started.Name, nil
		},
		workflow.OpResubmit: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			resubmitted, err := c.Resubmit(ctx, name, workflow.ResubmitOptions{})
			if err != nil {
				return "", err
			}
			return resubmitted.Name, nil
		},
		workflow.OpRetry: func(ctx context.Context, c *workflow.WorkflowClient, name string) (string, error) {
			return name, second(c.Retry(ctx, name, workflow.RetryOptions{}))
		},
	})
	var all []probe
	for op, call := range calls {
		state := gateStatus
		if op == workflow.OpRetry {
			state = failedStatus
		}
		all = append(all, probe{op, []string{partEvents}, func(ctx context.Context, s *stage) error {
			for {
				late := &lateEvents{}
				client := s.clientWith(s.cfg, workflow.Options{EventSource: "spec", Observer: late})
				name, err := call(ctx, client, s.newWorkflow(ctx, "", state))
				if err != nil {
					return err
				}
				events, err := kube.CoreV1().Events(s.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + name})
				switch {
				case err != nil || len(events.Items) > 0:
					return err
				case !late.any.Load():
					return errWithout
				}
			}
		}})
	}
	return all
}

// lateEvents records events that were dropped because their request took too long, which happens on
// a busy machine.
type lateEvents struct {
	workflow.NopObserver
	any atomic.Bool
}

func (l *lateEvents) OnEvent(_ context.Context, event workflow.Event) {
	if e, ok := event.(workflow.EventNotRecorded); ok && errors.Is(e.Err, context.DeadlineExceeded) {
		l.any.Store(true)
	}
}

func logProbes() []probe {
	follow := func(ctx context.Context, c *workflow.WorkflowClient, line func()) error {
		for _, err := range c.Logs(ctx, loggedWorkflow, workflow.LogOptions{Follow: true}) {
			if err != nil {
				return err
			}
			line()
		}
		return errors.New("it has ended")
	}
	return []probe{
		{workflow.OpLogs, nil, func(ctx context.Context, s *stage) error {
			lines := 0
			for _, err := range s.client().Logs(ctx, loggedWorkflow, workflow.LogOptions{}) {
				if err != nil {
					return err
				}
				lines++
			}
			if lines != 1 {
				return fmt.Errorf("%d lines", lines)
			}
			return nil
		}},
		{workflow.OpLogs, []string{"Follow"}, func(ctx context.Context, s *stage) error {
			errAll := errors.New("all has come")
			ctx, stop := context.WithCancelCause(ctx)
			defer stop(nil)
			seen := newTally(func() { stop(errAll) }, "line", "workflows", "pods")
			cfg := s.watched(func(resource, _ string) { seen.add(resource) })
			return allowing(follow(ctx, s.clientWith(cfg, workflow.Options{}), func() { seen.add("line") }), errAll)
		}},
		sharing{op: workflow.OpLogs, parts: []string{"Follow"}, name: loggedWorkflow, reads: 2, wants: []string{"line", "pods"},
			own: func(ctx context.Context, _ *stage, c *workflow.WorkflowClient, seen *tally) error {
				return follow(ctx, c, func() { seen.add("line") })
			}}.probe(),
	}
}
