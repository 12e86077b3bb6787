//go:build !cgo

// Command sigstore-kms-pkcs11 needs cgo: a PKCS#11 module is a library in C.
package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "sigstore-kms-pkcs11: error: built without cgo; hint: build it with CGO_ENABLED=1 and a C compiler")
	os.Exit(1)
}
