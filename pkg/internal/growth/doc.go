// Package growth helps tests to show that time is linear in the size of the input, and how much
// memory work allocates. Only tests use it.
//
// [Linear] measures processor time and repeats itself, so other processes do not make it fail. Both
// measurements cover the whole process: tests that use them must not run in parallel with others.
// The race detector adds to what [Allocated] returns.
package growth
