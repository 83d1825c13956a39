package legacy

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/quick"

	"github.com/opensearch-project/opensearch-migrations/argoservice/pkg/workflow"
)

func TestTenPercentIsTenPercent(t *testing.T) {
	const keys = 100_000
	for _, salt := range []string{"", "another"} {
		native := 0
		for i := range keys {
			if (Rollout{Percent: 10, Salt: salt}).Backend("ma", fmt.Sprint("reindex-", i)) == workflow.BackendNative {
				native++
			}
		}
		if share := float64(native) / keys * 100; math.Abs(share-10) > 0.5 {
			t.Errorf("salt %q: %.2f %%", salt, share)
		}
	}
}

// A workflow that is native at one percentage is native at every higher one, always at 100, never
// at 0.
func TestRaisingThePercentageMovesNothingBack(t *testing.T) {
	err := quick.Check(func(salt, namespace, name string, low, high float64) bool {
		low, high = math.Abs(math.Mod(low, 100)), math.Abs(math.Mod(high, 100))
		at := func(percent float64) bool {
			return Rollout{Percent: percent, Salt: salt}.Backend(namespace, name) == workflow.BackendNative
		}
		return (!at(min(low, high)) || at(max(low, high))) && at(100) && !at(0)
	}, &quick.Config{MaxCount: 20_000})
	if err != nil {
		t.Error(err)
	}
}

func TestLotsDependOnEveryPart(t *testing.T) {
	seen := map[float64]string{}
	for _, parts := range [][3]string{{"", "ma", "w"}, {"s", "ma", "w"}, {"", "mb", "w"}, {"", "ma", "v"}, {"", "m", "aw"}, {"m", "a", "w"}, {"", "", "maw"}} {
		of := lot(parts[0], parts[1], parts[2])
		if other, same := seen[of]; same || of < 0 || of >= 100 {
			t.Errorf("%q: %v, as of %s", parts, of, other)
		}
		seen[of] = fmt.Sprint(parts)
	}
}

func TestRolloutFromEnv(t *testing.T) {
	for _, tc := range []struct {
		env  map[string]string
		want Rollout
	}{
		{nil, Rollout{}},
		{map[string]string{EnvForce: "", EnvPercent: " ", EnvSalt: ""}, Rollout{}},
		{map[string]string{EnvForce: "true"}, Rollout{Force: workflow.BackendNative}},
		{map[string]string{EnvForce: "False", EnvPercent: "10"}, Rollout{Force: workflow.BackendKubectl, Percent: 10}},
		{map[string]string{EnvPercent: "2.5", EnvSalt: "s"}, Rollout{Percent: 2.5, Salt: "s"}},
		{map[string]string{EnvPercent: "100"}, Rollout{Percent: 100}},
	} {
		got, err := RolloutFromEnv(func(name string) (string, bool) { value, found := tc.env[name]; return value, found })
		if err != nil || got != tc.want {
			t.Errorf("%v: %+v, %v", tc.env, got, err)
		}
	}
	for name, values := range map[string][]string{
		EnvForce:   {"yes", "1", "native"},
		EnvPercent: {"10%", "-1", "100.1", "NaN", "Inf", "ten", "1e9"},
	} {
		for _, value := range values {
			_, err := RolloutFromEnv(func(n string) (string, bool) { return value, n == name })
			if !errors.Is(err, workflow.ErrInvalid) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), value) {
				t.Errorf("%s=%s: %v", name, value, err)
			}
		}
	}
	_, err := RolloutFromEnv(func(string) (string, bool) { return "x", true })
	if err == nil || !strings.Contains(err.Error(), EnvForce) || !strings.Contains(err.Error(), EnvPercent) {
		t.Errorf("not all of them: %v", err)
	}
}
