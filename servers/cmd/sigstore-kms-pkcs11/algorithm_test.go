package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"math/big"
	"strings"
	"testing"
)

func TestPublicKeyOfPoint(t *testing.T) {
	for _, known := range algorithms {
		private, err := ecdsa.GenerateKey(known.curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		bare, err := private.PublicKey.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		wrapped, _ := asn1.Marshal(bare)
		for _, point := range [][]byte{bare, wrapped} {
			if got, err := publicKeyOfPoint(known.params, point); err != nil || !got.Equal(&private.PublicKey) {
				t.Errorf("%s: got %v", known.name, err)
			}
		}
		for _, point := range [][]byte{nil, bare[:32], append([]byte{2}, bare[1:]...), append(bare, 0), make([]byte, len(bare))} {
			if _, err := publicKeyOfPoint(known.params, point); err == nil {
				t.Errorf("%s: accepts the point %x", known.name, point)
			}
		}
	}
	p521, _ := asn1.Marshal(asn1.ObjectIdentifier{1, 3, 132, 0, 35})
	if _, err := publicKeyOfPoint(p521, nil); err == nil || !strings.Contains(err.Error(), "P-256 or P-384") {
		t.Errorf("expected to refuse P-521, got %v", err)
	}
}

func TestSignatureOf(t *testing.T) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("message"))
	// Until both begin with a zero byte, about one in 65536, would take long: one of them, in both forms.
	for seen := 0; seen < 2; {
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			t.Fatal(err)
		}
		encoded, err := signatureOf(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
		if err != nil || !ecdsa.VerifyASN1(&private.PublicKey, digest[:], encoded) {
			t.Fatalf("r=%x s=%x: %v", r, s, err)
		}
		if r.BitLen() <= 248 || s.BitLen() <= 248 {
			seen++
		}
	}
	short, err := signatureOf([]byte{0x80, 0x01})
	want, _ := asn1.Marshal(struct{ R, S *big.Int }{big.NewInt(0x80), big.NewInt(1)})
	if err != nil || string(short) != string(want) {
		t.Errorf("expected %x, got %x, %v", want, short, err)
	}
	for _, raw := range [][]byte{nil, {1}, make([]byte, 63)} {
		if _, err := signatureOf(raw); err == nil {
			t.Errorf("accepts a signature of %d bytes", len(raw))
		}
	}
}
