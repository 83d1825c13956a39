package envtest

import (
	"fmt"
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
	f := resourceFlags{ignoreNotFound: action == "delete", wait: true, cascade: metav1.DeletePropagationBackground}
	var err error
	for _, flag := range flags {
		name, value, hasValue := strings.Cut(flag, "=")
		if !hasValue {
			value = "true"
		}
		switch {
		case !strings.HasPrefix(flag, "-"):
			f.target = append(f.target, strings.Split(flag, "/")...)
		case name == "--ignore-not-found" && (action == "get" || action == "delete"):
			f.ignoreNotFound, err = strconv.ParseBool(value)
		case name == "--wait" && action == "delete":
			f.wait, err = strconv.ParseBool(value)
		case name == "--cascade" && action == "delete":
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

func parseCascade(value string) (metav1.DeletionPropagation, error) {
	switch value {
	case "background":
		return metav1.DeletePropagationBackground, nil
	case "foreground":
		return metav1.DeletePropagationForeground, nil
	case "orphan":
		return metav1.DeletePropagationOrphan, nil
	}
	return "", fmt.Errorf("%q is none of background, foreground, orphan", value)
}
