package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// imageBundle is where an image has its CA certificates, unless SSL_CERT_FILE says otherwise.
const imageBundle = "/etc/ssl/certs/ca-certificates.crt"

const bundleVariable = "SSL_CERT_FILE"

// joinRoots returns the CA bundle at a path with more roots after it. The gate itself does not trust these.
func joinRoots(bundlePath, extra string) ([]byte, error) {
	roots, err := parseRoots(extra)
	if err != nil {
		return nil, err
	}
	bundle, err := os.ReadFile(bundlePath)
	if err != nil {
		return nil, unavailable("the image's CA bundle", err)
	}
	joined := bytes.NewBuffer(bundle)
	joined.WriteByte('\n')
	for _, root := range roots {
		if err := pem.Encode(joined, &pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}); err != nil {
			return nil, err
		}
	}
	return joined.Bytes(), nil
}

func parseRoots(text string) ([]*x509.Certificate, error) {
	var roots []*x509.Certificate
	for rest := []byte(text); len(bytes.TrimSpace(rest)) > 0; {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("expected only certificates in PEM, got something else after %d of them", len(roots))
		}
		root, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(roots)+1, err)
		}
		roots, rest = append(roots, root), after
	}
	if len(roots) == 0 {
		return nil, errors.New("expected a certificate in PEM, got none")
	}
	return roots, nil
}
