package main

import (
	"strconv"
	"strings"

	wfv1 "github.com/argoproj/argo-workflows/v3/pkg/apis/workflow/v1alpha1"
)

// parameters makes parameters of names and values in turn.
func parameters(namesAndValues ...string) []wfv1.Parameter {
	var made []wfv1.Parameter
	for i := 0; i+1 < len(namesAndValues); i += 2 {
		made = append(made, wfv1.Parameter{Name: namesAndValues[i], Value: wfv1.AnyStringPtr(namesAndValues[i+1])})
	}
	return made
}

func inputs(namesAndValues ...string) *wfv1.Inputs {
	return &wfv1.Inputs{Parameters: parameters(namesAndValues...)}
}

func phase(succeeded bool) wfv1.NodePhase {
	if succeeded {
		return wfv1.NodeSucceeded
	}
	return wfv1.NodeFailed
}

// displayName is the last part of a node's name: a step's, or a group's number.
func displayName(name string) string {
	last := name[strings.LastIndexByte(name, '.')+1:]
	if strings.HasSuffix(last, "]") {
		last = last[strings.LastIndexByte(last, '['):]
	}
	return last
}

// documents is how many documents a shard has.
func documents(shard int) string { return strconv.Itoa(100_000 + shard*7919%900_000) }
