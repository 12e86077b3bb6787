package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/asn1"
	"math/big"

	_ "crypto/sha256" // The hashes of the algorithms below.
	_ "crypto/sha512"
)

// algorithm is a curve with the one hash that goes with it: what Fulcio, the TSA and every client agree on.
type algorithm struct {
	name  string
	curve elliptic.Curve
	hash  crypto.Hash
	// CKA_EC_PARAMS of the curve: its object identifier.
	params []byte
}

var algorithms = []algorithm{
	{"ecdsa-p256-sha256", elliptic.P256(), crypto.SHA256, mustMarshal(asn1.ObjectIdentifier{1, 2, 840, 10045, 3, 1, 7})},
	{"ecdsa-p384-sha384", elliptic.P384(), crypto.SHA384, mustMarshal(asn1.ObjectIdentifier{1, 3, 132, 0, 34})},
}

const algorithmHint = "make a new key: ECDSA on P-256 or P-384 is what every client verifies"

func algorithmOfParams(params []byte) (algorithm, error) {
	for _, known := range algorithms {
		if bytes.Equal(known.params, params) {
			return known, nil
		}
	}
	return algorithm{}, refuse(algorithmHint, "expected a key on P-256 or P-384, got EC parameters %x", params)
}

func algorithmOfKey(key *ecdsa.PublicKey) (algorithm, error) {
	for _, known := range algorithms {
		if known.curve == key.Curve {
			return known, nil
		}
	}
	return algorithm{}, refuse(algorithmHint, "expected a key on P-256 or P-384, got %s", key.Params().Name)
}

// publicKeyOfPoint parses CKA_EC_POINT: in an OCTET STRING as the specification has it, or bare as some tokens have it.
func publicKeyOfPoint(params, point []byte) (*ecdsa.PublicKey, error) {
	known, err := algorithmOfParams(params)
	if err != nil {
		return nil, err
	}
	var inner []byte
	if rest, err := asn1.Unmarshal(point, &inner); err == nil && len(rest) == 0 {
		point = inner
	}
	key, err := ecdsa.ParseUncompressedPublicKey(known.curve, point)
	if err != nil {
		return nil, refuse("use a newer module for this token", "the token's public key is no point of %s",
			known.curve.Params().Name).because(err)
	}
	return key, nil
}

// signatureOf returns the signature in DER. A token writes r and s one after the other; some leave out leading zeros of both.
func signatureOf(raw []byte) ([]byte, error) {
	if len(raw) == 0 || len(raw)%2 != 0 {
		return nil, refuse("use a newer module for this token", "expected a signature of two halves, got %d bytes", len(raw))
	}
	half := len(raw) / 2
	return asn1.Marshal(struct{ R, S *big.Int }{new(big.Int).SetBytes(raw[:half]), new(big.Int).SetBytes(raw[half:])})
}

func mustMarshal(identifier asn1.ObjectIdentifier) []byte {
	encoded, err := asn1.Marshal(identifier)
	if err != nil {
		panic(err)
	}
	return encoded
}
