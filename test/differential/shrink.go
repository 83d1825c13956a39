package differential

import "slices"

// Shrink leaves out steps, and uses simpler ones, for as long as differs, which it calls for each
// try, holds. The result can't be shortened by leaving out another step. It ends with the first
// error of differs, and returns the result so far.
func Shrink(steps []Step, differs func([]Step) (bool, error)) ([]Step, error) {
	for smaller := true; smaller; {
		smaller = false
		for _, try := range tries(steps) {
			ok, err := differs(try)
			if err != nil {
				return steps, err
			}
			if ok {
				steps, smaller = try, true
				break
			}
		}
	}
	return steps, nil
}

// tries returns the sequences that are one bit simpler, those that leave out most first.
func tries(steps []Step) [][]Step {
	var all [][]Step
	for size := len(steps) / 2; size > 0; size /= 2 {
		for from := 0; from+size <= len(steps); from += size {
			all = append(all, slices.Delete(slices.Clone(steps), from, from+size))
		}
	}
	for i, s := range steps {
		for variant := range s.Variant {
			simpler := slices.Clone(steps)
			simpler[i].Variant = variant
			all = append(all, simpler)
		}
	}
	return all
}
