package differential

import "slices"

// Shrink leaves out steps, and takes simpler ones, for as long as differs still holds, which is
// called for each try. What it returns is as short as leaving out one step can make it. It ends
// with the first error of differs, and what it has come to.
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

// tries are the sequences that are one bit simpler, those first that leave most out.
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
