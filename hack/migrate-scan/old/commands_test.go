package old

import (
	"strings"
	"testing"
)

type commandTest struct {
	text string // words, divided by spaces; ? is unknown, ~ a space within a word
	want string // the call, or the beginning of the note
	sure Sure
}

func commands() []commandTest {
	return []commandTest{
		{"kubectl get wf x", "client.Get(", Certain},
		{"kubectl get wf/x -o json", "client.Get(", Certain},
		{"kubectl -n ma --context x get workflow ?", "client.Get(", Certain},
		{"kubectl --namespace=ma get workflows.argoproj.io", "client.List(", Certain},
		{"kubectl get workflows.v1alpha1.argoproj.io -A", "client.List(", Certain},
		{"kubectl get pods,wf -l a=b", "client.List(", Certain},
		{"kubectl get -w wf x", "client.Watch(", Certain},
		{"kubectl get wf x --watch=true", "client.Watch(", Certain},
		{"kubectl get wf x --watch=false", "client.Get(", Certain},
		{"kubectl get -nma wf x", "client.Get(", Certain},
		{"kubectl describe wf x", "client.Get(", Certain},
		{"kubectl wait --for=condition=Completed wf/x", "client.Wait(", Certain},
		{"kubectl wait --for delete wf/x", "client.Delete(ctx, name, workflow.DeleteOptions{Wait: true})", Certain},
		{"kubectl delete wf x", "client.Delete(ctx, name,", Certain},
		{"kubectl delete wf --all", "client.Delete(ctx, state.Name", Certain},
		{`kubectl patch wf x -p {"spec":{"suspend":true}}`, "client.Suspend(", Certain},
		{`kubectl patch wf x -p={"spec":{"suspend":null}}`, "client.Resume(", Certain},
		{`kubectl patch wf x --patch {"spec":{"shutdown":"Stop"}}`, "client.Stop(", Certain},
		{`kubectl patch wf x --type merge --patch={"spec":{"shutdown":"Terminate"}}`, "client.Terminate(", Certain},
		{`kubectl patch wf x -p {"status":{"nodes":{"?":1}}}`, "client.Approve(", Certain},
		{`kubectl patch wf x --type json -p [{"path":"/spec/shutdown","value":"Stop"}]`, "client.Stop(", Certain},
		{"kubectl patch wf x -p ?", "no replacement for patches", Certain},
		{"kubectl annotate wf x a=b", "no replacement", Certain},
		{"kubectl ? wf x", "depends on the verb", Certain},
		{"kubectl logs -f -l workflows.argoproj.io/workflow=x", "client.Logs(ctx, name, workflow.LogOptions{Follow: true})", Certain},
		{"kubectl logs --selector=workflows.argoproj.io/workflow=x", "client.Logs(ctx, name, workflow.LogOptions{})", Certain},
		{"kubectl get pods -l workflows.argoproj.io/workflow=x", "client.Get(", Certain},
		{"kubectl delete pods -l workflows.argoproj.io/workflow=x", "no replacement", Certain},
		{"kubectl create -f my-workflow.yaml", "client.Start(ctx, workflow.StartRequest{Manifest", Likely},
		{"kubectl apply -f ?", "client.Start(", Possible},
		{"kubectl apply -f workflow-template.yaml", "no replacement", Possible},
		{"kubectl get workflowtemplate x", "no replacement", Certain},
		{"kubectl delete cwf x", "no replacement", Certain},
		{"argo submit x.yaml --wait", "client.Start(ctx, workflow.StartRequest{Manifest", Certain},
		{"argo -n ma submit --from workflowtemplate/x -p a=b", "client.Start(ctx, workflow.StartRequest{Template: template, Parameters", Certain},
		{"argo submit --from=cwft/x", "client.Start(ctx, workflow.StartRequest{Template: template, ClusterScope", Certain},
		{"argo submit --from cronwf/x", "client.Start(ctx, workflow.StartRequest{CronWorkflow", Certain},
		{"argo get x", "client.Get(", Certain},
		{"argo list", "client.List(", Certain},
		{"argo logs x -f", "client.Logs(ctx, name, workflow.LogOptions{Follow: true})", Certain},
		{"argo logs x", "client.Logs(ctx, name, workflow.LogOptions{})", Certain},
		{"argo wait x", "client.Wait(", Certain},
		{"argo watch x", "client.Watch(", Certain},
		{"argo resume x", "client.Resume(", Certain},
		{"argo suspend x", "client.Suspend(", Certain},
		{"argo stop x", "client.Stop(", Certain},
		{"argo terminate x", "client.Terminate(", Certain},
		{"argo delete x", "client.Delete(", Certain},
		{"argo retry x", "client.Retry(", Certain},
		{"argo resubmit x", "client.Resubmit(", Certain},
		{"argo node set x", "client.Approve(", Certain},
		{"argo lint x", "client.Start(", Certain},
		{"argo archive list", "no replacement", Certain},
		{"argo cron list", "no replacement", Certain},
		{"argo ? x", "depends on the subcommand", Certain},
	}
}

// look looks at a command as it is written in these tests.
func look(text string) (Use, bool) {
	words := strings.Fields(strings.NewReplacer("?", Unknown, "~", " ").Replace(text))
	if words[0] == "argo" {
		return Argo(words[1:])
	}
	return Kubectl(words[1:])
}

func TestCommands(t *testing.T) {
	for _, test := range commands() {
		use, ok := look(test.text)
		if !ok {
			t.Errorf("%s: not found", test.text)
			continue
		}
		if !strings.HasPrefix(use.Text(), test.want) || use.Sure != test.sure {
			t.Errorf("%s: %q, %v; want %q, %v", test.text, use.Text(), use.Sure, test.want, test.sure)
		}
	}
}

func TestOtherCommands(t *testing.T) {
	for _, text := range []string{
		"kubectl", "kubectl get pods", "kubectl get wf.other.io x", "kubectl logs x", "kubectl apply -f deploy.yaml",
		"kubectl create namespace wf", "kubectl get pods -l app=workflow", "kubectl -n wf get pods", "kubectl config view",
		"kubectl explain wf", "argo", "argo version", "argo auth token", "argo server",
	} {
		if use, ok := look(text); ok {
			t.Errorf("%s: found as %q", text, use.Old)
		}
	}
}

func TestParseSure(t *testing.T) {
	for _, want := range []Sure{Possible, Likely, Certain} {
		if got, err := ParseSure(want.String()); got != want || err != nil {
			t.Errorf("%v: %v, %v", want, got, err)
		}
	}
	if _, err := ParseSure("sure"); err == nil || !strings.Contains(err.Error(), "likely") {
		t.Errorf("an unknown word: %v, want an error with what is allowed", err)
	}
}

func TestShown(t *testing.T) {
	for _, test := range []struct {
		words []string
		want  string
	}{
		{[]string{"a\n b", Unknown + Unknown + "c"}, "a b …c"},
		{[]string{strings.Repeat("é", 100)}, strings.Repeat("é", 79) + "…"},
	} {
		if got := Shown(test.words); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}

func TestIsModule(t *testing.T) {
	for path, want := range map[string]Sure{
		Module: Certain, "lib." + Module: Certain, "argo_service": Likely, "models.argo_service": Likely,
		"?.argo_service": Likely, "console_link.middleware.argo_service": 0, Module + ".ArgoService": 0, "other.argo_service_v2": 0,
	} {
		if got, _ := IsModule(path); got != want {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
}

func TestMethodNamed(t *testing.T) {
	for _, m := range Methods() {
		if got, ok := MethodNamed(m.Name); !ok || got.Name != m.Name {
			t.Errorf("%s is not found", m.Name)
		}
	}
	for _, name := range []string{"", "run", "workflow", "wait_for_it", "start_workflows"} {
		if _, ok := MethodNamed(name); ok {
			t.Errorf("%q is found", name)
		}
	}
}
