//go:build cgo

package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

const publicKeyCommand = "public-key"

// printPublicKey is for people: it prints the key that a certificate is to be made for, once a signature of 32 random bytes
// has proven that the private key is the other half of it.
func printPublicKey(address string, stdout, stderr io.Writer) int {
	pem, err := provenPublicKey(address)
	if err != nil {
		fmt.Fprintf(stderr, "%s: error: %v\n", program, err)
		return 1
	}
	if _, err := stdout.Write(pem); err != nil {
		fmt.Fprintf(stderr, "%s: error: stdout: %v\n", program, err)
		return 1
	}
	return 0
}

func provenPublicKey(address string) ([]byte, error) {
	text, isOurs := strings.CutPrefix(address, "pkcs11://")
	if !isOurs {
		return nil, refuse(referenceHint, "expected pkcs11:// and a reference, got %q", address)
	}
	found, err := openKey(text)
	if err != nil {
		return nil, err
	}
	defer found.token.close()
	known, err := algorithmOfKey(found.public)
	if err != nil {
		return nil, err
	}
	one := signer{key: func() (*key, error) { return found, nil }, hash: known.hash}
	if _, err := one.SignMessage(io.LimitReader(rand.Reader, 32)); err != nil {
		return nil, err
	}
	return cryptoutils.MarshalPublicKeyToPEM(found.public)
}
