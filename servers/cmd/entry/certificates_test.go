package main

import (
	"crypto"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

type root struct {
	certificate *x509.Certificate
	key         crypto.Signer
	pem         string
}

func issueRoot(t *testing.T, name string) root {
	t.Helper()
	key := newKey(t, elliptic.P256())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign, NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
	}
	certificate := issue(t, template, template, key.Public(), key)
	return root{certificate: certificate, key: key, pem: certificatePem(certificate)}
}

// writeServer writes certificate and key of a server on 127.0.0.1 into a directory.
func (r root) writeServer(t *testing.T, directory string) (certificate, key string) {
	t.Helper()
	private := newKey(t, elliptic.P256())
	leaf := issue(t, &x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		NotBefore: time.Now().Add(-time.Minute), NotAfter: time.Now().Add(time.Hour),
	}, r.certificate, private.Public(), r.key)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key = filepath.Join(directory, "server.pem"), filepath.Join(directory, "server-key.pem")
	keyPem := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(certificate, []byte(certificatePem(leaf)), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, keyPem, 0o600); err != nil {
		t.Fatal(err)
	}
	return certificate, key
}

func issue(t *testing.T, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func certificatePem(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}

func TestParseRootsRefuses(t *testing.T) {
	good := issueRoot(t, "good").pem
	if roots, err := parseRoots(good + "\n" + good); err != nil || len(roots) != 2 {
		t.Fatalf("accepts: %d %v", len(roots), err)
	}
	for name, text := range map[string]string{
		"nothing":         "",
		"blank":           "\n \n",
		"text":            "trust me",
		"text after":      good + "trust me",
		"a key":           strings.ReplaceAll(good, "CERTIFICATE", "PRIVATE KEY"),
		"a broken one":    good + strings.Replace(good, "MII", "MIX", 1),
		"an unclosed one": good + strings.Replace(good, "-----END", "-----EN", 1),
	} {
		if roots, err := parseRoots(text); err == nil {
			t.Errorf("%s: expected an error, got %d roots", name, len(roots))
		}
	}
}

func TestJoinRootsRefusesAnImageWithoutABundle(t *testing.T) {
	if _, err := joinRoots(filepath.Join(t.TempDir(), "none.pem"), issueRoot(t, "x").pem); codeOf(err) != exitEnvironment {
		t.Errorf("got %v", err)
	}
}
