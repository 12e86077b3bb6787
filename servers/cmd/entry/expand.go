package main

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
)

// expander replaces references in templates. What it puts in is not expanded again.
type expander struct {
	variables map[string]string
	// paths are those of the sealed files by name.
	paths map[string]string
	nonce string
	// used are the names of the variables that were put in.
	used map[string]bool
}

func newExpander(variables, paths map[string]string) *expander {
	random := make([]byte, 16)
	_, _ = rand.Read(random) // It never fails; it ends the process if there is no randomness.
	return &expander{variables: variables, paths: paths, nonce: hex.EncodeToString(random), used: map[string]bool{}}
}

// expand names `where` in its errors, and never a value.
func (e *expander) expand(where, template string) (string, error) {
	var expanded strings.Builder
	for rest := template; rest != ""; {
		switch {
		case strings.HasPrefix(rest, "$${"):
			expanded.WriteString("${")
			rest = rest[len("$${"):]
		case strings.HasPrefix(rest, "${"):
			reference, after, closed := strings.Cut(rest[len("${"):], "}")
			if !closed {
				return "", unset(where, "expected } after ${")
			}
			value, err := e.resolve(where, reference)
			if err != nil {
				return "", err
			}
			expanded.WriteString(value)
			rest = after
		default:
			expanded.WriteByte(rest[0])
			rest = rest[1:]
		}
	}
	if strings.ContainsRune(expanded.String(), 0) {
		return "", badInput(where, "expected no NUL byte")
	}
	return expanded.String(), nil
}

func (e *expander) resolve(where, reference string) (string, error) {
	kind, name, _ := strings.Cut(reference, ":")
	switch {
	case reference == "nonce":
		return e.nonce, nil
	case kind == "file" && e.paths[name] != "":
		return e.paths[name], nil
	case kind == "file":
		return "", unset(where, "${file:%s}: SIGSTEAD_FILES has no such file", name)
	case kind == "env":
		value := e.variables[name]
		if value == "" {
			return "", unset(where, "${env:%s}: the variable is not set, or empty", name)
		}
		e.used[name] = true
		return value, nil
	}
	return "", unset(where, "${%s}: expected ${file:NAME}, ${env:NAME} or ${nonce}", reference)
}
