package secret

import (
	"slices"
	"strings"
	"unicode"
)

// Named reports whether a value with this name is a secret. Names may be written in any style:
// target-password, targetPassword, TARGET_PASSWORD. The name of a property of a secret, such as its
// name or its length, is not the name of a secret.
func Named(name string) bool {
	words := wordsOf(name)
	const most = 8 // words; more would be a sentence
	if len(words) == 0 || len(words) > most || describes(words) {
		return false
	}
	for i, word := range words {
		if slices.Contains(always(), word) || strings.HasSuffix(word, "token") || strings.HasSuffix(word, "secret") ||
			slices.ContainsFunc(within(), func(part string) bool { return strings.Contains(word, part) }) {
			return true
		}
		if i > 0 && slices.Contains(keys(), words[i-1]+" "+word) {
			return true
		}
	}
	return slices.Contains([]string{"pass", "pw", "pwd"}, words[len(words)-1])
}

// always returns words that make any name that of a secret. Words that end with secret or token do,
// too.
func always() []string {
	return []string{
		"secrets", "tokens", "authorization", "bearer", "cookie", "jwt", "creds", "passcode",
	}
}

// within returns parts of words that do, since such names are often written as one word.
func within() []string {
	return []string{"password", "passwd", "passphrase", "credential", "apikey", "accesskey", "secretkey", "privatekey", "clientsecret"}
}

// keys returns pairs of words that do. Other keys are not secret.
func keys() []string {
	return []string{
		"api key", "access key", "account key", "secret key", "private key", "signing key", "encryption key", "shared key", "ssh key", "master key", "pass phrase", "pass code",
	}
}

// describes reports whether a name is that of a property of a secret: its location, name, size or
// lifetime.
func describes(words []string) bool {
	last := words[len(words)-1]
	if last == "id" { // the id of an access key is not secret, but the secret_id of a Vault role is
		return !slices.Contains(words, "secret")
	}
	if slices.Contains([]string{
		"name", "names", "namespace", "arn", "ref", "reference", "file", "path", "dir", "url", "uri", "endpoint", "host", "type", "kind", "provider",
		"policy", "format", "prefix", "header", "field", "scope", "scopes", "audience", "issuer", "version", "enabled", "required", "mode",
	}, last) {
		return true
	}
	return slices.ContainsFunc(words, func(word string) bool {
		return slices.Contains([]string{
			"count", "max", "min", "num", "number", "limit", "size", "length", "len", "per", "ttl", "timeout", "age", "expiry", "expires", "expiration",
			"lifetime", "interval", "period", "seconds", "minutes", "hours", "days", "rotation", "budget",
		}, word)
	})
}

// wordsOf splits a name into words in lower case: at characters that are not letters, and where
// lower case changes to upper case.
func wordsOf(name string) []string {
	var words []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			words = append(words, word.String())
			word.Reset()
		}
	}
	runes := []rune(name)
	for i, r := range runes {
		if !unicode.IsLetter(r) {
			end()
			continue
		}
		afterLower := i > 0 && unicode.IsLower(runes[i-1])
		beforeLower := i > 0 && i+1 < len(runes) && unicode.IsUpper(runes[i-1]) && unicode.IsLower(runes[i+1]) // the H of APIHost
		if unicode.IsUpper(r) && (afterLower || beforeLower) {
			end()
		}
		word.WriteRune(unicode.ToLower(r))
	}
	end()
	return words
}
