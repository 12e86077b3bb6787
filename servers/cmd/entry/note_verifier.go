package main

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/note"
)

// verifier checks one log's signature on a note.
type verifier struct {
	name   string
	hash   uint32
	verify func(text, signature []byte) bool
}

func (v *verifier) Name() string                       { return v.name }
func (v *verifier) KeyHash() uint32                    { return v.hash }
func (v *verifier) Verify(text, signature []byte) bool { return v.verify(text, signature) }

// rekorVerifier verifies as rekor-tiles' pkg/note signs: an ECDSA key is named by its own hash, without the origin.
func rekorVerifier(origin string, key any, keyDigest [sha256.Size]byte) (note.Verifier, error) {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		return &verifier{origin, binary.BigEndian.Uint32(keyDigest[:]), func(text, signature []byte) bool {
			digest := sha256.Sum256(text)
			return ecdsa.VerifyASN1(key, digest[:], signature)
		}}, nil
	case ed25519.PublicKey:
		return &verifier{origin, noteKeyHash(origin, 0x01, key), func(text, signature []byte) bool {
			return ed25519.Verify(key, text, signature)
		}}, nil
	}
	return nil, fmt.Errorf(`"publicKeyPem": expected an ECDSA or Ed25519 key, got %T`, key)
}

// ctVerifier verifies the RFC6962NoteSignature of https://c2sp.org/static-ct-api, which covers size and root, but no
// extension line, so there must be none.
func ctVerifier(origin string, key *ecdsa.PublicKey, logID [sha256.Size]byte) note.Verifier {
	return &verifier{origin, noteKeyHash(origin, 0x05, logID[:]), func(text, signature []byte) bool {
		body, err := parseBody(string(text))
		if err != nil || len(body.extensions) > 0 {
			return false
		}
		// uint64 timestamp, then a DigitallySigned: hash (4: SHA-256), signature (3: ECDSA), uint16 length.
		const header = 8 + 4
		if len(signature) < header || signature[8] != 4 || signature[9] != 3 ||
			int(binary.BigEndian.Uint16(signature[10:])) != len(signature)-header {
			return false
		}
		head := []byte{0, 1} // Version v1, signature type tree_hash (RFC 6962 §3.5).
		head = append(head, signature[:8]...)
		head = binary.BigEndian.AppendUint64(head, body.size)
		digest := sha256.Sum256(append(head, body.root...))
		return ecdsa.VerifyASN1(key, digest[:], signature[header:])
	}}
}

func noteKeyHash(name string, algorithm byte, key []byte) uint32 {
	sum := sha256.Sum256(append(append([]byte(name+"\n"), algorithm), key...))
	return binary.BigEndian.Uint32(sum[:])
}
