package main

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/mod/sumdb/note"
	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/logkey"
	"sigstead.dev/servers/internal/tinkkey"
)

const maxKeyBytes = 1 << 16

// logKey is a log's key, and what it makes.
type logKey struct {
	kind   logkey.Kind
	origin string
	*logkey.Verifiers
	// signer signs the statement that the log is frozen.
	signer note.Signer
}

func (k *logKey) frozenFile() string {
	if k.kind == logkey.Rekor {
		return checkpointName
	}
	return frozenName
}

func openKey(ctx context.Context, o *options) (*logKey, error) {
	signer, err := openSigner(ctx, o)
	if err != nil {
		return nil, err
	}
	key, err := newLogKey(logkey.Kind(o.kind), o.origin, signer)
	if err != nil {
		return nil, input("", "the key of %s: %w", o.origin, err)
	}
	return key, nil
}

func openSigner(ctx context.Context, o *options) (crypto.Signer, error) {
	if o.kmsKey != "" {
		signer, err := kmskey.Open(ctx, o.key)
		if errors.As(err, new(kmskey.Unusable)) {
			return nil, evidence("it is not the log's key: find out who changed the configuration or the key", "--kms-key: %w", err)
		}
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

func newLogKey(kind logkey.Kind, origin string, signer crypto.Signer) (*logKey, error) {
	verifiers, err := logkey.NewVerifiers(kind, origin, signer.Public())
	if err != nil {
		return nil, err
	}
	return &logKey{kind, origin, verifiers, &noteSigner{Verifier: verifiers.Statements, key: signer}}, nil
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
