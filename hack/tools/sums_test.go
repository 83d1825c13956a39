package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installed is a fixture with kwok installed, and the program.
func installed(t *testing.T) (fixture, string) {
	t.Helper()
	f := newFixture(t)
	in, _ := f.installer(t)
	if err := in.install(t.Context(), []string{"kwok"}); err != nil {
		t.Fatal(err)
	}
	return f, filepath.Join(f.load(t, "kwok").dir, "kwok")
}

func TestChecksumsAreThoseOfSha256sum(t *testing.T) {
	_, kwok := installed(t)
	if _, err := exec.LookPath("sha256sum"); err != nil {
		t.Skip("there is no sha256sum")
	}
	cmd := exec.CommandContext(t.Context(), "sha256sum", "--check", "--strict", sumsFile)
	cmd.Dir = filepath.Dir(kwok)
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "kwok: OK\n" {
		t.Errorf("%s, %v", out, err)
	}
}

// A program that isn't the one that was built is not used, and built again.
func TestATamperedProgramIsNotUsed(t *testing.T) {
	f, kwok := installed(t)
	const theirs = "#!/bin/sh\necho theirs\n"
	write(t, kwok, theirs)
	var stdout, says log
	if err := run(t.Context(), []string{"path", "kwok"}, &stdout, &says); err == nil || stdout.String() != "" {
		t.Fatalf("it is used: %q", stdout.String())
	}
	wantContains(t, says.String(), kwok+" is not the program that was put there")

	again, saysAgain := f.installer(t)
	if err := again.install(t.Context(), []string{"kwok"}); err != nil {
		t.Fatal(err)
	}
	wantContains(t, saysAgain.String(), kwok+" is not the program that was put there", "building kwok from")
	if text, err := os.ReadFile(kwok); err != nil || string(text) == theirs {
		t.Errorf("it is still there (%v)", err)
	}
	if err := run(t.Context(), []string{"path", "kwok"}, &stdout, &says); err != nil {
		t.Error(err)
	}
}

// A program that came to be there by another way, beside those with checksums, has none.
func TestAProgramThatWasNotPutThereIsNotUsed(t *testing.T) {
	f, kwok := installed(t)
	sums := filepath.Join(filepath.Dir(kwok), sumsFile)
	write(t, sums, "0000  another\n")
	again, says := f.installer(t)
	if err := again.install(t.Context(), []string{"kwok"}); err != nil {
		t.Fatal(err)
	}
	wantContains(t, says.String(), "building kwok from")

	write(t, sums, "this is no checksum\n")
	if err := again.install(t.Context(), []string{"kwok"}); err == nil {
		t.Error("checksums that can't be read are passed over")
	} else {
		wantContains(t, err.Error(), sums, "delete "+filepath.Dir(kwok))
	}
}

// What was built before there were checksums is kept, in a cache that only its owner can write to.
func TestProgramsFromBeforeThereWereChecksums(t *testing.T) {
	f, kwok := installed(t)
	sums := filepath.Join(filepath.Dir(kwok), sumsFile)
	want, err := os.ReadFile(sums)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(sums); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr log
	if err := run(t.Context(), []string{"path", "kwok"}, &stdout, &stderr); err == nil {
		t.Error("it is used without a checksum")
	}
	again, says := f.installer(t)
	if err := again.install(t.Context(), []string{"kwok"}); err != nil {
		t.Fatal(err)
	}
	wantContains(t, says.String(), "recording the checksums of what is in "+filepath.Dir(kwok))
	if got, err := os.ReadFile(sums); err != nil || string(got) != string(want) {
		t.Errorf("%s (%v), want %s", got, err, want)
	}

	if err := os.Remove(sums); err != nil {
		t.Fatal(err)
	}
	chmod(t, filepath.Dir(kwok), 0o777)
	if err := again.install(t.Context(), []string{"kwok"}); err == nil {
		t.Error("others could have put it there")
	}
	if _, err := os.Stat(sums); err == nil {
		t.Error("its checksum was recorded although others could have put it there")
	}
}

// They are not downloaded, either.
func TestKubeFromBeforeThereWereChecksums(t *testing.T) {
	f := newFixture(t)
	in, _ := f.installer(t)
	if err := in.install(t.Context(), []string{"kube"}); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(f.load(t, "kube").dir, sumsFile)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TOOLS_FROM", fromAnywhere)
	again, says := f.installer(t)
	if err := again.install(t.Context(), []string{"kube"}); err != nil {
		t.Fatal(err)
	}
	wantContains(t, says.String(), "recording the checksums", "all there")
	if text := says.String(); strings.Contains(text, "download") || strings.Contains(text, "building") {
		t.Error(text)
	}
}
