package workflow

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"sigs.k8s.io/yaml"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/internal/naming"
)

func ptr[T any](v T) *T { return &v }

// revealing is a secret that would be sent as its mask.
type revealing string

func (r revealing) Reveal() string { return string(r) }

func (r revealing) MarshalText() ([]byte, error) {
	if r == "" {
		return nil, nil
	}
	return []byte("*****"), nil
}

// A secret that masks itself is never sent as its mask, wherever the request contains it.
func TestSecretsAreNotSentAsTheirMask(t *testing.T) {
	within := map[string]any{"a": []any{struct{ Password revealing }{"s3cr3t"}}}
	_, found := checkSettings(StartRequest{
		Parameters: map[string]any{"p": within}, OptionalParameters: map[string]any{"o": within},
		Spec: map[string]any{"arguments": map[string]any{"artifacts": []any{map[string]any{"raw": map[string]any{"data": revealing("s3cr3t")}}}}},
	})
	var fields []string
	for _, problem := range found {
		fields = append(fields, problem.Field)
		if !strings.Contains(problem.Error(), "Reveal") {
			t.Error(problem)
		}
	}
	if text := strings.Join(fields, " "); text != "spec parameters[p] optionalParameters[o]" || strings.Contains(invalid(found...).Error(), "s3cr3t") {
		t.Errorf("%s: %v", text, found)
	}
	written := false
	c := scripted(t, func(r *http.Request) (any, error) {
		written = written || r.Method != http.MethodGet
		return nil, apierrors.NewServiceUnavailable("")
	})
	for name, call := range map[string]func() error{
		"outputs": func() error {
			_, err := c.Approve(t.Context(), "w", Decision{All: true, Outputs: within})
			return err
		},
		"a retry": func() error {
			_, err := c.Retry(t.Context(), "w", RetryOptions{Parameters: within})
			return err
		},
		"a resubmit": func() error {
			_, err := c.Resubmit(t.Context(), "w", ResubmitOptions{Parameters: within})
			return err
		},
		"an object": func() error {
			_, err := c.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
				"metadata": map[string]any{"name": "w"}, "spec": within,
			}})
			return err
		},
	} {
		if err := call(); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "Reveal") || strings.Contains(err.Error(), "s3cr3t") || written {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Argo does not evaluate input, in whatever field and type it is sent.
func TestValuesThatArgoWouldEvaluate(t *testing.T) {
	const code = "{{workflow.parameters.password}}"
	for name, value := range map[string]any{
		"a text": code, "within": "a " + code, "one that is never closed": "{{=", "a pointer": ptr(code), "in a list": []string{code},
		"in a map": map[string]any{"a": []any{map[string]any{"b": code}}}, "a key": map[string]any{code: 1}, "raw": json.RawMessage(`{"a":"{{b}}"}`),
		"as JSON": `["{\u007bb}}"]`, "as other JSON": `["\u007B\u007Bb}}"]`, "in a struct": struct{ A string }{code},
	} {
		t.Run(name, func(t *testing.T) {
			for path, check := range map[string]func() field.ErrorList{
				"parameters[p]": func() field.ErrorList {
					_, found := checkSettings(StartRequest{Parameters: map[string]any{"p": value}})
					return found
				},
				"optionalParameters[p]": func() field.ErrorList {
					_, found := checkSettings(StartRequest{OptionalParameters: map[string]any{"p": value}})
					return found
				},
				"spec.arguments[artifacts][0][raw]": func() field.ErrorList {
					_, found := checkSettings(StartRequest{Spec: map[string]any{"arguments": map[string]any{"artifacts": []any{map[string]any{"raw": value}}}}})
					return found
				},
			} {
				found := check()
				if len(found) == 0 || !strings.HasPrefix(found[0].Field, path) || strings.Contains(invalid(found...).Error(), "password") {
					t.Errorf("%s: %v", path, found)
				}
			}
		})
	}
	for name, r := range map[string]StartRequest{
		"annotations[a]": {Annotations: map[string]string{"a": code}}, "labels": {Labels: map[string]string{"a": code}},
	} {
		if _, found := checkSettings(r); len(found) != 1 || found[0].Field != name {
			t.Errorf("%s: %v", name, found)
		}
	}
	written := false
	c := scripted(t, func(r *http.Request) (any, error) {
		written = written || r.Method != http.MethodGet
		return nil, apierrors.NewServiceUnavailable("")
	})
	for name, call := range map[string]func() error{
		"outputs": func() error {
			_, err := c.Approve(t.Context(), "w", Decision{All: true, Outputs: map[string]any{"by": "{{=sprig.getHostByName('x')}}"}})
			return err
		},
		"the message of a rejection": func() error {
			_, err := c.Reject(t.Context(), "w", Decision{Gates: []string{"gate"}, Message: "no: {{=sprig.getHostByName('x')}}"})
			return err
		},
		"a retry": func() error {
			_, err := c.Retry(t.Context(), "w", RetryOptions{Parameters: map[string]any{"p": code}})
			return err
		},
		"a resubmit": func() error {
			_, err := c.Resubmit(t.Context(), "w", ResubmitOptions{Parameters: map[string]any{"p": code}})
			return err
		},
	} {
		if err := call(); !errors.Is(err, ErrInvalid) || written {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The workflows of a CronWorkflow have its name as a label value.
func TestCronWorkflowOfALongName(t *testing.T) {
	for length, want := range map[int]int{63: 0, 64: 1, 76: 1} {
		_, found := checkSource(t.Context(), StartRequest{CronWorkflow: strings.Repeat("a", length)}, "ma")
		if len(found) != want || want > 0 && (found[0].Field != "cronWorkflow" || !strings.Contains(found[0].Error(), "63")) {
			t.Errorf("%d: %v", length, found)
		}
	}
}

func TestExpressionsAreMeant(t *testing.T) {
	value := Expression("{{workflow.name}}")
	args, found := checkSettings(StartRequest{
		Parameters: map[string]any{"p": value, "q": &value},
		Spec: map[string]any{"arguments": map[string]any{"artifacts": []any{
			map[string]any{"raw": map[string]any{"data": value}},
		}}},
	})
	if len(found) > 0 || args.Required["p"] != string(value) || args.Required["q"] != string(value) {
		t.Error(found, args)
	}
}

// fieldsOf returns the fields of an InvalidError's problems.
func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var invalid *InvalidError
	if !errors.As(err, &invalid) {
		t.Fatalf("no InvalidError: %v", err)
	}
	var paths []string
	for _, p := range invalid.Problems {
		paths = append(paths, p.Field)
	}
	return paths
}

func TestCheckRequestFindsEveryProblemAtOnce(t *testing.T) {
	_, _, problems := checkRequest(t.Context(), StartRequest{
		Template: "Bulk_Load", Name: strings.Repeat("x", 64), ServiceAccount: "a b",
		Labels:             map[string]string{"team": "not a label!", naming.LabelCompleted: "true", naming.LabelPhase: "Running", naming.LabelArchiving: "Pending"},
		Annotations:        map[string]string{"bad key": ""},
		Parameters:         map[string]any{"secret": nil, "bad name": "s3cr3t", "twice": 1, "bytes": "s3cr3t\xff"},
		OptionalParameters: map[string]any{"twice": 2, "broken": math.NaN()},
		Spec: map[string]any{
			"templates": nil, "workflowTemplateRef": nil, "entrypoint": "", "serviceAccountName": "", "shutdown": "Stop",
			"arguments": map[string]any{"parameters": nil},
		},
	}, "ma")
	got := strings.Join(fieldsOf(t, invalid(problems...)), " ")
	want := "template name serviceAccount labels labels[" + naming.LabelCompleted + "] labels[" + naming.LabelPhase + "] labels[" + naming.LabelArchiving + "] annotations spec.workflowTemplateRef spec.templates spec.entrypoint " +
		"spec.serviceAccountName spec.shutdown spec.arguments.parameters parameters[\"bad name\"] parameters[bytes] parameters[secret] optionalParameters[broken] optionalParameters[twice]"
	if got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if text := invalid(problems...).Error(); strings.Contains(text, "s3cr3t") {
		t.Errorf("a value is shown: %s", text)
	}
	if _, _, problems := checkRequest(t.Context(), StartRequest{}, "ma"); len(problems) != 1 || problems[0].Field != "template" {
		t.Errorf("an empty request: %v", problems)
	}
	if _, _, problems := checkRequest(t.Context(), StartRequest{Template: "t", Spec: map[string]any{"x": func() {}}}, "ma"); len(problems) != 1 {
		t.Errorf("a spec that is no JSON: %v", problems)
	}
}

func fromYAML(t *testing.T, text string) map[string]any {
	t.Helper()
	var fields map[string]any
	if err := yaml.Unmarshal([]byte(text), &fields); err != nil {
		t.Fatal(err)
	}
	return fields
}
