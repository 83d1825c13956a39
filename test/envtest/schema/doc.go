// Package schema has nothing but tests: that the JSON Schema in docs/schema allows what
// backfill.ParseConfig does, and nothing else.
package schema
