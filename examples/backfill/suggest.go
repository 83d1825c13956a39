package main

import "strings"

// mostTypos is how many letters of a name may be wrong for it to be recognised.
const mostTypos = 2

// suggestions are the names that may have been meant.
func suggestions(name string, known []string) []string {
	var close []string
	for _, k := range known {
		if len(name) > 1 && strings.HasPrefix(k, name) || distance(name, k) <= mostTypos {
			close = append(close, k)
		}
	}
	return close
}

// distance is how many letters have to be changed, added or left out to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // of the letters of a so far, to each beginning of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
