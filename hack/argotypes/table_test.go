package main

import (
	"os"
	"testing"
)

func TestTableIsUpToDate(t *testing.T) {
	want, err := tableSource()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(tableFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is not what Argo's types say; run: go run -C hack/argotypes .", tableFile)
	}
}
