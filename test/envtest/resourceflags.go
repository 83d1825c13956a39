package envtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// resourceFlags are the kubectl flags of a resource template.
type resourceFlags struct {
	ignoreNotFound bool
	wait           bool
	cascade        metav1.DeletionPropagation
	target         []string // KIND NAME, if there is no manifest
}

// parseFlags parses flags as kubectl would. It returns an error for those that the stand-in doesn't
// support.
func parseFlags(action string, flags []string) (resourceFlags, error) {
	// Argo prepends --ignore-not-found to the flags of a delete.
	f := resourceFlags{ignoreNotFound: action == actionDelete, wait: true, cascade: metav1.DeletePropagationBackground}
	var err error
	for _, flag := range flags {
		name, value, hasValue := strings.Cut(flag, "=")
		switch {
		case !strings.HasPrefix(flag, "-"):
			f.target = append(f.target, strings.Split(flag, "/")...)
		case name == "--ignore-not-found" && (action == actionGet || action == actionDelete):
			f.ignoreNotFound, err = parseSwitch(value, hasValue)
		case name == "--wait" && action == actionDelete:
			f.wait, err = parseSwitch(value, hasValue)
		case name == "--cascade" && action == actionDelete:
			f.cascade, err = parseCascade(value)
		default:
			return f, fmt.Errorf("flag %s of action %s is not one that the stand-in for the executor knows", name, action)
		}
		if err != nil {
			return f, fmt.Errorf("flag %s: %w", name, err)
		}
	}
	if n := len(f.target); n != 0 && n != 2 {
		return f, fmt.Errorf("flags name the object %q; KIND NAME or KIND/NAME are expected", strings.Join(f.target, " "))
	}
	return f, nil
}

func parseSwitch(value string, hasValue bool) (bool, error) {
	if !hasValue {
		return true, nil
	}
	return strconv.ParseBool(value)
}

func parseCascade(value string) (metav1.DeletionPropagation, error) {
	policies := []metav1.DeletionPropagation{
		metav1.DeletePropagationBackground, metav1.DeletePropagationForeground, metav1.DeletePropagationOrphan,
	}
	i := slices.IndexFunc(policies, func(p metav1.DeletionPropagation) bool { return strings.ToLower(string(p)) == value })
	if i < 0 {
		return "", fmt.Errorf("%q is none of background, foreground, orphan", value)
	}
	return policies[i], nil
}
