package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/tinkkey"
)

const maxKeyBytes = 1 << 16

// logKey is a log's key, and what it makes.
type logKey struct {
	kind   logKind
	origin string
	// checkpoints verifies what the log publishes.
	checkpoints note.Verifier
	// frozen verifies, and signer signs, the statement that it is frozen: a note with an ECDSA or Ed25519 signature.
	frozen note.Verifier
	signer note.Signer
}

func (k *logKey) frozenFile() string {
	if k.kind == kindRekor {
		return checkpointName
	}
	return frozenName
}

func openKey(ctx context.Context, o *options) (*logKey, error) {
	signer, err := openSigner(ctx, o)
	if err != nil {
		return nil, err
	}
	key, err := newLogKey(logKind(o.kind), o.origin, signer)
	if err != nil {
		return nil, input("", "the key of %s: %w", o.origin, err)
	}
	return key, nil
}

func openSigner(ctx context.Context, o *options) (crypto.Signer, error) {
	if o.kmsKey != "" {
		signer, err := kmskey.Open(ctx, o.key)
		if err != nil {
			return nil, environment("only the role of the log's own service may use its key", "--kms-key: %w", err)
		}
		return signer, nil
	}
	if o.tinkKEK != "" {
		return openKeyset(ctx, o)
	}
	text, err := readKey(o.keyFile)
	if err != nil {
		return nil, input("", "--key-file: %w", err)
	}
	signer, err := parseKey(text)
	if err != nil {
		return nil, input("", "--key-file: %s: %w", o.keyFile, err)
	}
	return signer, nil
}

func openKeyset(ctx context.Context, o *options) (crypto.Signer, error) {
	wrapped, err := readKey(o.tinkKeyset)
	if err != nil {
		return nil, input("", "--tink-keyset: %w", err)
	}
	signer, err := tinkkey.Open(ctx, o.kek, wrapped)
	if err != nil {
		return nil, environment("only the role of the log's own service may unwrap its key", "--tink-kek: %w", err)
	}
	return signer, nil
}

// readKey reads once: a pipe has nothing more for a second reader.
func readKey(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxKeyBytes))
}

func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("expected a private key in PEM")
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return nil, fmt.Errorf("expected PRIVATE KEY or EC PRIVATE KEY, got %s", block.Type)
	}
	if err != nil {
		// What Go says of a key never quotes it.
		return nil, err
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("expected a key that signs, got %T", parsed)
	}
	return signer, nil
}

func newLogKey(kind logKind, origin string, signer crypto.Signer) (*logKey, error) {
	switch public := signer.Public().(type) {
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return nil, fmt.Errorf("expected ECDSA P-256, got %s", public.Params().Name)
		}
	case ed25519.PublicKey:
		if kind == kindCT {
			return nil, errors.New("expected ECDSA P-256: RFC 6962 allows a CT log no Ed25519")
		}
	default:
		return nil, fmt.Errorf("expected ECDSA P-256 or Ed25519, got %T", public)
	}
	verifier, err := signature.LoadVerifier(signer.Public(), crypto.SHA256)
	if err != nil {
		return nil, err
	}
	frozen, err := rekornote.NewNoteVerifier(origin, verifier)
	if err != nil {
		return nil, err
	}
	key := &logKey{kind: kind, origin: origin, checkpoints: frozen, frozen: frozen}
	key.signer = &noteSigner{Verifier: frozen, key: signer}
	if kind == kindRekor {
		return key, nil
	}
	spelling, err := formats.RFC6962VerifierString(origin, signer.Public())
	if err != nil {
		return nil, err
	}
	key.checkpoints, err = formats.NewRFC6962Verifier(spelling)
	return key, err
}

// noteSigner signs notes as Rekor does: ECDSA over the SHA-256 digest of the text, or Ed25519 over the text.
type noteSigner struct {
	note.Verifier
	key crypto.Signer
}

func (s *noteSigner) Sign(text []byte) ([]byte, error) {
	if _, ok := s.key.Public().(ed25519.PublicKey); ok {
		return s.key.Sign(rand.Reader, text, crypto.Hash(0))
	}
	digest := sha256.Sum256(text)
	return s.key.Sign(rand.Reader, digest[:], crypto.SHA256)
}
