package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
)

// What the plug-in reads from its environment, which is the server's.
const (
	moduleVariable      = "SIGSTEAD_PKCS11_MODULE"
	pinFileVariable     = "SIGSTEAD_PKCS11_PIN_FILE"
	pinVariable         = "SIGSTEAD_PKCS11_PIN"
	extractableVariable = "SIGSTEAD_PKCS11_ALLOW_EXTRACTABLE"
	exclusiveVariable   = "SIGSTEAD_PKCS11_EXCLUSIVE"
)

const maxPinBytes = 1024

type settings struct {
	module           string
	pin              string
	allowExtractable bool
	exclusive        bool
}

func readSettings(getenv func(string) string) (settings, error) {
	module := getenv(moduleVariable)
	if !filepath.IsAbs(module) {
		return settings{}, refuse("e.g. "+moduleVariable+"=/usr/lib/softhsm/libsofthsm2.so, in the environment of the server",
			"%s: expected the absolute path of a PKCS#11 module, got %q", moduleVariable, module)
	}
	if _, err := os.Stat(module); err != nil {
		return settings{}, refuse("install the module of the HSM's maker, and correct the path", "%s", moduleVariable).because(err)
	}
	for _, name := range []string{extractableVariable, exclusiveVariable} {
		if set := getenv(name); set != "" && set != "1" {
			return settings{}, refuse("unset it", "%s: expected 1 or nothing, got %q", name, set)
		}
	}
	pin, err := readPin(getenv)
	if err != nil {
		return settings{}, err
	}
	return settings{
		module:           module,
		pin:              pin,
		allowExtractable: getenv(extractableVariable) == "1",
		exclusive:        isExclusive(module, getenv(exclusiveVariable)),
	}, nil
}

func readPin(getenv func(string) string) (string, error) {
	path, pin := getenv(pinFileVariable), getenv(pinVariable)
	if (path == "") == (pin == "") {
		return "", refuse("name a file of mode 0600 in "+pinFileVariable,
			"expected the PIN of the token in one of %s and %s", pinFileVariable, pinVariable)
	}
	if path != "" {
		return readPinFile(path)
	}
	return pin, nil
}

func readPinFile(path string) (string, error) {
	if !filepath.IsAbs(path) {
		return "", refuse("give the whole path", "%s: expected an absolute path, got %q", pinFileVariable, path)
	}
	// Not before it is known to be a file: opening a pipe would wait for whoever writes to it.
	info, err := os.Stat(path)
	if err != nil {
		return "", refuse("put the PIN into this file, with mode 0600", "%s", pinFileVariable).because(err)
	}
	if !info.Mode().IsRegular() {
		return "", refuse("a pipe can be read once, and this program starts anew for each signature",
			"%s: expected a file, got %s (%s)", pinFileVariable, path, info.Mode())
	}
	// A descriptor that was handed down is this process's own, whatever mode it says: a memfd says 0777.
	if !strings.HasPrefix(path, "/proc/self/fd/") && info.Mode().Perm()&0o077 != 0 {
		return "", refuse("chmod 600 "+path, "%s: expected a file that only its owner reads, got %s with mode %04o",
			pinFileVariable, path, info.Mode().Perm())
	}
	return pinOf(path)
}

func pinOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", refuse("it must be readable for the user of the server", "%s", pinFileVariable).because(err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxPinBytes+1))
	if err != nil {
		return "", refuse("see whether the disk works", "%s", pinFileVariable).because(err)
	}
	pin := strings.TrimSuffix(string(content), "\n")
	if pin == "" || len(content) > maxPinBytes || strings.ContainsAny(pin, "\n\r\x00") {
		return "", refuse("put the PIN alone into it: nothing was sent to the token",
			"%s: expected one line of at most %d bytes in %s", pinFileVariable, maxPinBytes, path)
	}
	return pin, nil
}
