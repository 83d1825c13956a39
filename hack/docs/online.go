package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// checkOnline asks for every link to elsewhere, each once and a few at a time. Only what says that the
// page isn't there is a problem: many a server refuses programs.
func checkOnline(ctx context.Context, pages []*page) []problem {
	places := map[string][]problem{} // by address
	for _, p := range pages {
		for _, l := range p.links {
			address, _, _ := strings.Cut(l.target, "#")
			if strings.HasPrefix(address, "http://") || strings.HasPrefix(address, "https://") {
				places[address] = append(places[address], problem{file: p.file, line: l.line})
			}
		}
	}
	var (
		problems []problem
		mutex    sync.Mutex
		wait     sync.WaitGroup
	)
	client := &http.Client{Timeout: 30 * time.Second}
	turns := make(chan struct{}, 4)
	for _, address := range slices.Sorted(maps.Keys(places)) {
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			text := answer(ctx, client, address)
			if text == "" {
				return
			}
			mutex.Lock()
			defer mutex.Unlock()
			for _, place := range places[address] {
				place.text = fmt.Sprintf("link %q: %s", address, text)
				problems = append(problems, place)
			}
		})
	}
	wait.Wait()
	return problems
}

func answer(ctx context.Context, client *http.Client, address string) string {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err.Error()
	}
	response, err := client.Do(request)
	if err != nil {
		return err.Error()
	}
	_ = response.Body.Close() // nobody reads it
	if response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusGone {
		return response.Status
	}
	return ""
}
