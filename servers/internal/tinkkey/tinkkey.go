// Package tinkkey makes and opens a log's signing key in a Tink keyset that a KMS key wraps, as Rekor reads it.
package tinkkey

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"errors"
	"fmt"
	"strings"

	sigstoretink "github.com/sigstore/sigstore/pkg/signature/tink"
	"github.com/tink-crypto/tink-go-awskms/v3/integration/awskms"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/signature"
	"github.com/tink-crypto/tink-go/v2/tink"
	"sigstead.dev/servers/internal/kmskey"
)

const scheme = "aws-kms://"

// KEK is the KMS key that wraps a keyset.
type KEK struct{ uri string }

// ParseKEK accepts aws-kms:// and the ARN of a key. An alias could be pointed at another key.
func ParseKEK(text string) (KEK, error) {
	arn, isURI := strings.CutPrefix(text, scheme)
	if !isURI {
		return KEK{}, errors.New("expected aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID")
	}
	if _, err := kmskey.ParseReference("awskms:///" + arn); err != nil {
		return KEK{}, errors.New("expected aws-kms://arn:aws:kms:REGION:ACCOUNT:key/ID (no alias)")
	}
	return KEK{uri: text}, nil
}

// New makes an ECDSA P-256 key, and returns its keyset as KMS wrapped it. The key itself never leaves this process.
func New(ctx context.Context, kek KEK) ([]byte, *ecdsa.PublicKey, error) {
	wrapping, err := kek.open(ctx)
	if err != nil {
		return nil, nil, err
	}
	// Rekor signs as its notes are: DER, and nothing in front of it.
	handle, err := keyset.NewHandle(signature.ECDSAP256KeyWithoutPrefixTemplate())
	if err != nil {
		return nil, nil, err
	}
	var wrapped bytes.Buffer
	if err := handle.Write(keyset.NewJSONWriter(&wrapped), wrapping); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", kek.uri, err)
	}
	// What nobody can open again is found out now.
	signer, err := unwrap(wrapped.Bytes(), wrapping)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", kek.uri, err)
	}
	return wrapped.Bytes(), signer.Public().(*ecdsa.PublicKey), nil
}

// Open unwraps a keyset.
func Open(ctx context.Context, kek KEK, wrapped []byte) (crypto.Signer, error) {
	wrapping, err := kek.open(ctx)
	if err != nil {
		return nil, err
	}
	signer, err := unwrap(wrapped, wrapping)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", kek.uri, err)
	}
	return signer, nil
}

// open asks KMS for nothing yet.
func (k KEK) open(ctx context.Context) (tink.AEAD, error) {
	client, err := awskms.NewClientWithOptions(ctx, k.uri)
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	return client.GetAEAD(k.uri)
}

func unwrap(wrapped []byte, kek tink.AEAD) (crypto.Signer, error) {
	handle, err := keyset.Read(keyset.NewJSONReader(bytes.NewReader(wrapped)), kek)
	if err != nil {
		return nil, err
	}
	signer, err := sigstoretink.KeyHandleToSigner(handle)
	if err != nil {
		return nil, err
	}
	if key, ok := signer.Public().(*ecdsa.PublicKey); !ok || key.Curve != elliptic.P256() {
		return nil, errors.New("expected an ECDSA P-256 key")
	}
	return signer, nil
}
