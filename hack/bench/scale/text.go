package main

import (
	"fmt"
	"strconv"
	"time"
)

func kilobytes(bytes float64) string { return fmt.Sprintf("%.2f KB", bytes/1e3) }

func megabytes(bytes float64) string { return fmt.Sprintf("%.2f MB", bytes/1e6) }

func milliseconds(d float64) string {
	return fmt.Sprintf("%.2f ms", d/float64(time.Millisecond))
}

func microseconds(d float64) string {
	return fmt.Sprintf("%.0f µs", d/float64(time.Microsecond))
}

func duration(d float64) string { return fmt.Sprintf("%.2f s", time.Duration(d).Seconds()) }

func count(n float64) string { return fmt.Sprintf("%.0f", n) }

func tenths(n float64) string { return fmt.Sprintf("%.1f", n) }

// small is of counts that are shared out among many.
func small(n float64) string { return fmt.Sprintf("%.4f", n) }

// cpuText is of nanoseconds a second.
func cpuText(d float64) string { return fmt.Sprintf("%.1f %% of one", d/float64(time.Second)*100) }

func perSecond(text func(float64) string) func(float64) string {
	return func(n float64) string { return text(n) + "/s" }
}

// grouped is a number with its thousands apart.
func grouped(n int) string {
	if n < 1000 {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%s,%03d", grouped(n/1000), n%1000)
}
