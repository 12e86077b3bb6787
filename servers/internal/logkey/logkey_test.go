package logkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
)

func ecdsaKey(t *testing.T, curve elliptic.Curve) crypto.PublicKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key.Public()
}

func TestNewVerifiersRefusesKeysThatNoSuchLogHas(t *testing.T) {
	edwards, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p256, p384 := ecdsaKey(t, elliptic.P256()), ecdsaKey(t, elliptic.P384())
	for _, each := range []struct {
		kind    Kind
		key     crypto.PublicKey
		allowed bool
	}{
		{Rekor, p256, true}, {Rekor, edwards, true}, {CT, p256, true},
		{Rekor, p384, false}, {CT, p384, false}, {CT, edwards, false}, {"ctfe", p256, false}, {Rekor, nil, false},
	} {
		if _, err := NewVerifiers(each.kind, "log.example.com", each.key); (err == nil) != each.allowed {
			t.Errorf("%s with %T: %v", each.kind, each.key, err)
		}
	}
}

func TestCTCheckpointsWithShortSignaturesAreRefused(t *testing.T) {
	verifiers, err := NewVerifiers(CT, "log.example.com", ecdsaKey(t, elliptic.P256()))
	if err != nil {
		t.Fatal(err)
	}
	text := []byte("log.example.com\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
	for length := range signatureHeader + 8 {
		if verifiers.Checkpoints.Verify(text, make([]byte, length)) {
			t.Errorf("%d bytes: accepted", length)
		}
	}
}
