package main

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"

	"sigstead.dev/servers/internal/kmskey"
)

// checkKey passes if the key that the server signs with is the log's. With another one it would publish, over the
// log's own checkpoint, what no client trusts.
func (g *gate) checkKey(ctx context.Context) error {
	// A server that only reads signs nothing, and the key of a frozen log may be gone.
	if g.keyID == nil || g.readOnly {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	got, err := g.keyID(ctx)
	if errors.As(err, new(kmskey.Unusable)) {
		return refuse("gate-key-differs", "expected the key %s of %s: %v", g.config.keyID, g.config.origin, err)
	}
	if err != nil {
		return unavailable("the log's key", err)
	}
	if got != g.config.keyID {
		return refuse("gate-key-differs", "expected the key %s of %s, got the key %s", g.config.keyID, g.config.origin, got)
	}
	return nil
}

// idOfKey names a key in KMS or an HSM as keyID does, by the SHA-256 of its public half.
func idOfKey(key kmskey.Reference) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		signer, err := kmskey.Open(ctx, key)
		if err != nil {
			return "", err
		}
		spki, err := x509.MarshalPKIXPublicKey(signer.Public())
		if err != nil {
			return "", err
		}
		digest := sha256.Sum256(spki)
		return hex.EncodeToString(digest[:]), nil
	}
}
