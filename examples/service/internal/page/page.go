// Package page is the web page of the service: one HTML, one CSS, one JavaScript file and an icon,
// which need nothing else and are in the program.
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

// Handlers are the files, by the patterns of a [http.ServeMux]. All but the page itself have a hash of
// what they hold in their names, so that the page of one version never works with files of another
// that serves beside it.
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

// hashedName is such as page-1b2c3d4e5f60.css.
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
