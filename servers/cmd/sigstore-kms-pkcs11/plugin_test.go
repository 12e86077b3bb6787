//go:build cgo

package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/miekg/pkcs11"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

func TestSignsForServers(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("servers")
	hsm.keyPair("servers", "p256", "01", "--key-type", "EC:prime256v1")
	hsm.keyPair("servers", "p384", "02", "--key-type", "EC:secp384r1")
	for label, algorithm := range map[string]x509.SignatureAlgorithm{"p256": x509.ECDSAWithSHA256, "p384": x509.ECDSAWithSHA384} {
		// As Fulcio does: with the hash of a P-256 key, whatever the key is.
		key := open(t, "token=servers;object="+label)
		signer, _, err := key.CryptoSigner(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		certificate, err := x509.ParseCertificate(selfSigned(t, signer))
		if err != nil || certificate.SignatureAlgorithm != algorithm || certificate.CheckSignatureFrom(certificate) != nil {
			t.Errorf("%s: expected %s, got %v, %v", label, algorithm, certificate.SignatureAlgorithm, err)
		}
	}
}

func selfSigned(t *testing.T, signer crypto.Signer) []byte {
	t.Helper()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	template.IsCA, template.BasicConstraintsValid = true, true
	der, err := x509.CreateCertificate(rand.Reader, template, template, signer.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestTakesThePublicKeyOfACertificate(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("one")
	hsm.keyPair("one", "ca", "01", "--key-type", "EC:secp384r1")
	key := open(t, "token=one;object=ca")
	signer, _, err := key.CryptoSigner(context.Background(), nil)
	path := filepath.Join(t.TempDir(), "ca.der")
	if err != nil || os.WriteFile(path, selfSigned(t, signer), 0o600) != nil {
		t.Fatal("no certificate")
	}
	want := signer.Public().(*ecdsa.PublicKey)
	hsm.tool("one", "--delete-object", "--type", "pubkey", "--id", "01")
	if _, err := key.PublicKey(); err == nil {
		t.Fatal("the public key is still there")
	}
	hsm.tool("one", "--write-object", path, "--type", "cert", "--id", "01", "--label", "ca")
	if got, err := key.PublicKey(); err != nil || !want.Equal(got) {
		t.Errorf("expected the key of the certificate, got %v, %v", got, err)
	}
	if _, err := key.SignMessage(strings.NewReader(""), options.WithCryptoSignerOpts(crypto.SHA384)); err != nil {
		t.Error(err)
	}
}

func TestSignsAndVerifiesMessages(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("servers")
	hsm.keyPair("servers", "log", "01", "--key-type", "EC:prime256v1")
	key := open(t, "token=servers;object=log")
	message := []byte("a message")
	signed, err := key.SignMessage(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey()
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(message)
	if !ecdsa.VerifyASN1(public.(*ecdsa.PublicKey), digest[:], signed) {
		t.Error("the signature is not that of the message")
	}
	if err := key.VerifySignature(bytes.NewReader(signed), bytes.NewReader(message)); err != nil {
		t.Errorf("refuses its own signature: %v", err)
	}
	if err := key.VerifySignature(bytes.NewReader(signed), strings.NewReader("another")); err == nil {
		t.Error("accepts a signature of another message")
	}
	if _, err := key.CreateKey(context.Background(), "ecdsa-p256-sha256"); err == nil || !strings.Contains(err.Error(), "may not make keys") {
		t.Errorf("expected to refuse a new key, got %v", err)
	}
	if key.DefaultAlgorithm() != "ecdsa-p256-sha256" || len(key.SupportedAlgorithms()) != 2 {
		t.Error("does not say its algorithms")
	}
}

func TestSignsInManyProcessesAtOnce(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("servers")
	hsm.keyPair("servers", "log", "01", "--key-type", "EC:prime256v1")
	key := open(t, "token=servers;object=log")
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			if _, err := key.SignMessage(strings.NewReader("a message")); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
}

func TestRefusesHashesOfAnotherCurve(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("servers")
	hsm.keyPair("servers", "p384", "02", "--key-type", "EC:secp384r1")
	key := open(t, "token=servers;object=p384")
	long, short := sha512.Sum384(nil), sha256.Sum256(nil)
	for _, refused := range []struct {
		digest []byte
		hash   crypto.Hash
		want   string
	}{
		{short[:], crypto.SHA256, "expected SHA-384, got SHA-256"},
		{long[:], crypto.SHA512, "expected SHA-384, got SHA-512"},
		{short[:], crypto.SHA384, "expected a digest of 48 bytes, got 32"},
	} {
		_, err := key.SignMessage(nil, options.WithDigest(refused.digest), options.WithCryptoSignerOpts(refused.hash))
		if err == nil || !strings.Contains(err.Error(), refused.want) {
			t.Errorf("expected an error that says %q, got %v", refused.want, err)
		}
	}
	if _, err := key.SignMessage(nil, options.WithDigest(long[:]), options.WithCryptoSignerOpts(crypto.SHA384)); err != nil {
		t.Errorf("refuses the hash of the curve: %v", err)
	}
}

// keysOfAllKinds makes the token "one" with a key of each kind, and two tokens of one name.
func keysOfAllKinds(t *testing.T) {
	hsm := newSoftHsm(t)
	for _, label := range []string{"one", "twin", "twin"} {
		hsm.token(label)
	}
	p256 := []string{"--key-type", "EC:prime256v1"}
	hsm.keyPair("one", "good", "01", p256...)
	hsm.keyPair("one", "double", "0a", p256...)
	hsm.keyPair("one", "double", "0b", p256...)
	hsm.keyPair("one", "extractable", "03", append(p256, "--extractable")...)
	hsm.generate("one", "derive", pkcs11.NewAttribute(pkcs11.CKA_SIGN, false))
	hsm.generate("one", "person", pkcs11.NewAttribute(pkcs11.CKA_ALWAYS_AUTHENTICATE, true))
	hsm.keyPair("one", "rsa", "05", "--key-type", "RSA:2048")
	hsm.keyPair("one", "p521", "06", "--key-type", "EC:secp521r1")
	hsm.keyPair("one", "alone", "07", p256...)
	hsm.tool("one", "--delete-object", "--type", "pubkey", "--id", "07")
	plain := []string{"--write-object", plainKey(t), "--type", "privkey", "--label", "plain", "--id", "08"}
	hsm.tool("one", append(plain, "--usage-sign", "--extractable")...)
}

func TestRefusesKeys(t *testing.T) {
	keysOfAllKinds(t)
	for reference, want := range map[string]string{
		"token=two;object=good":          `no token "two"; present: token "`,
		"token=twin;object=good":         `expected one token "twin", got token "twin" (serial `,
		"token=one;object=missing":       `no private key object="missing"; present: object="`,
		"token=one;object=good;id=%02":   `no private key object="good";id=%02`,
		"token=one;object=double":        `expected one private key object="double", got object="double";id=%0`,
		"token=one;object=extractable":   "can read it out",
		"token=one;object=plain":         "can read it out",
		"token=one;object=derive":        "not made for signing",
		"token=one;object=person":        "wants a person for every signature",
		"token=one;object=rsa":           "got key type 0x0",
		"token=one;object=p521":          "expected a key on P-256 or P-384",
		"token=one;object=alone":         "neither a public key nor a certificate",
		"token=one;object=good;slot=1":   "unknown attribute",
		"serial=nosuch;object=good":      "no token serial nosuch",
		"token=one;object=double;id=%0c": "no private key",
	} {
		if _, err := open(t, reference).PublicKey(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error that says %s, got %v", reference, want, err)
		}
	}
	for _, reference := range []string{"token=one;object=good", "token=one;object=double;id=%0b", "token=one;id=%0a"} {
		if _, err := open(t, reference).PublicKey(); err != nil {
			t.Errorf("%s: %v", reference, err)
		}
	}
	t.Setenv(extractableVariable, "1")
	if _, err := open(t, "token=one;object=extractable").SignMessage(strings.NewReader("")); err != nil {
		t.Errorf("refuses an extractable key that is allowed: %v", err)
	}
}

// plainKey writes a private key that was not made in the token.
func plainKey(t *testing.T) string {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalECPrivateKey(private)
	path := filepath.Join(t.TempDir(), "key.der")
	if err != nil || os.WriteFile(path, der, 0o600) != nil {
		t.Fatal("the key cannot be written")
	}
	return path
}
