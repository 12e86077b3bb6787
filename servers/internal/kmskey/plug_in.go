package kmskey

import (
	"context"
	"crypto"
	"fmt"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

// openPlugIn finds the plug-in on PATH as sigstore's servers do, and asks it for the public key.
func openPlugIn(ctx context.Context, address string) (*Signer, error) {
	key, err := cliplugin.LoadSignerVerifier(ctx, address, crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, err)
	}
	asked, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	public, err := key.PublicKey(options.WithContext(asked))
	if err != nil {
		return nil, fmt.Errorf("public key of %s: %w", address, err)
	}
	publicKey, err := onP256(public)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", address, Unusable{err})
	}
	sign := func(ctx context.Context, digest []byte) ([]byte, error) {
		return key.SignMessage(nil, options.WithContext(ctx), options.WithDigest(digest), options.WithCryptoSignerOpts(crypto.SHA256))
	}
	return &Signer{what: address, publicKey: publicKey, sign: sign}, nil
}
