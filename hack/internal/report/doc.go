// Package report is what the programs that measure have in common: they tell how far they
// are, and print what they found as a table.
package report
