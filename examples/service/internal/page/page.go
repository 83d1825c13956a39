// Package page is the web page of the service: one HTML, one CSS, one JavaScript file and an icon,
// which need nothing else and are in the program.
package page

import (
	"embed"
	"net/http"
)

//go:embed index.html page.css page.js icon.svg
var files embed.FS

// Handlers are the files, by the patterns of a [http.ServeMux].
func Handlers() map[string]http.Handler {
	handlers := map[string]http.Handler{"GET /{$}": file("index.html")}
	for _, name := range []string{"page.css", "page.js", "icon.svg"} {
		handlers["GET /"+name] = file(name)
	}
	return handlers
}

// file serves a file. Browsers ask again each time, so that the files of two versions never mix.
func file(name string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		http.ServeFileFS(w, r, files, name)
	})
}
