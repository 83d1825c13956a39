package main

import (
	"fmt"
	"strings"
	"testing"
)

// BenchmarkTree scans a tree of 5,000 files, of which one in a hundred has something.
func BenchmarkTree(b *testing.B) {
	b.Chdir(b.TempDir())
	python := strings.Repeat("class A(Base):\n    \"\"\"Text.\"\"\"\n    def f(self, a, b=None):\n        x = [y.z(f\"{a!r:>{b}}\") for y in self.all if y]\n        return {'a': x, 'b': a.b.c(1)[2:3]}\n\n", 40)
	text := strings.Repeat("func f(a int) error {\n\tif err := g(a, \"x\"); err != nil {\n\t\treturn err\n\t}\n\treturn nil\n}\n\n", 40)
	files := map[string]string{}
	for i := range 5000 {
		name := fmt.Sprintf("d%d/e%d/f%d", i%20, i%400, i)
		switch {
		case i%100 == 0:
			files[name+".py"] = uses + python
		case i%10 < 7:
			files[name+".py"] = python
		case i%10 < 9:
			files[name+".go"] = "package p\n\n" + text
		default:
			files[name+".sh"] = strings.Repeat("for i in a b; do\n  curl -s \"$i\" | jq .x\ndone\n", 40)
		}
	}
	write(b, files)
	b.ResetTimer()
	for b.Loop() {
		if code, out, _ := call("--format", "json", "."); code != 0 || !strings.Contains(out, `"scanned": 5000`) {
			b.Fatalf("code %d: %s", code, out)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/tree")
}
