// Package page is the web page of the service: an HTML, a CSS and a JavaScript file and an icon,
// embedded in the program and without external dependencies.
package page

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed index.html page.css page.js icon.svg
var files embed.FS

// Handlers returns the handlers of the files, by [http.ServeMux] pattern. All names except that of
// the page itself contain a hash of the content, so that the page of one version never uses files
// of another one that serves beside it.
func Handlers() (map[string]http.Handler, error) {
	handlers := map[string]http.Handler{}
	var renamed []string
	for _, name := range []string{"page.css", "page.js", "icon.svg"} {
		text, err := files.ReadFile(name)
		if err != nil {
			return nil, err
		}
		hashed := hashedName(name, text)
		handlers["GET /"+hashed] = file(name, text, "public, max-age=31536000, immutable")
		renamed = append(renamed, `"`+name+`"`, `"`+hashed+`"`)
	}
	index, err := files.ReadFile("index.html")
	if err != nil {
		return nil, err
	}
	text := strings.NewReplacer(renamed...).Replace(string(index))
	handlers["GET /{$}"] = file("index.html", []byte(text), "no-cache")
	return handlers, nil
}

// hashedName returns a name such as page-1b2c3d4e5f60.css.
func hashedName(name string, text []byte) string {
	const enough = 6 // bytes
	hash := sha256.Sum256(text)
	extension := path.Ext(name)
	return fmt.Sprintf("%s-%s%s", strings.TrimSuffix(name, extension), hex.EncodeToString(hash[:enough]), extension)
}

func file(name string, text []byte, cache string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", cache)
		http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(text))
	})
}
