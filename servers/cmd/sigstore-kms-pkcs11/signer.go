//go:build cgo

package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"errors"
	"io"

	"github.com/sigstore/sigstore/pkg/signature"
)

// maxMessageBytes bounds what is hashed here; servers send a digest.
const maxMessageBytes = 16 << 20

// signer answers the methods of the protocol. The token is opened by those that need it, and no sooner: a server ends at
// once if it is not told which algorithms there are.
type signer struct {
	key func() (*key, error)
	// Hash of the caller where a call names none.
	hash crypto.Hash
}

func (s signer) DefaultAlgorithm() string {
	return algorithms[0].name
}

func (s signer) SupportedAlgorithms() []string {
	var names []string
	for _, known := range algorithms {
		names = append(names, known.name)
	}
	return names
}

func (s signer) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, refuse("make the key with the tool of the HSM's maker, before people (docs/hsm.md)",
		"a server may not make keys")
}

func (s signer) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	found, err := s.key()
	if err != nil {
		return nil, err
	}
	return found.public, nil
}

func (s signer) SignMessage(message io.Reader, opts ...signature.SignOption) ([]byte, error) {
	found, err := s.key()
	if err != nil {
		return nil, err
	}
	digest, err := s.digest(found.public, message, messageOptions(opts))
	if err != nil {
		return nil, err
	}
	raw, err := found.sign(digest)
	if err != nil {
		return nil, err
	}
	encoded, err := signatureOf(raw)
	if err != nil {
		return nil, err
	}
	// Whatever a module answers: what leaves here is a signature of this digest by the key that is published.
	if !ecdsa.VerifyASN1(found.public, digest, encoded) {
		return nil, refuse("the public key beside the private one may be another's; else the HSM or its module is broken",
			"%s: its signature does not verify with its public key", found.token.what)
	}
	return encoded, nil
}

func (s signer) VerifySignature(signed, message io.Reader, opts ...signature.VerifyOption) error {
	found, err := s.key()
	if err != nil {
		return err
	}
	digest, err := s.digest(found.public, message, messageOptions(opts))
	if err != nil {
		return err
	}
	encoded, err := io.ReadAll(signed)
	if err != nil {
		return err
	}
	if !ecdsa.VerifyASN1(found.public, digest, encoded) {
		return errors.New("the signature does not verify")
	}
	return nil
}

// CryptoSigner is no method of the protocol: the server's side makes one out of the others.
func (s signer) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errors.New("not a method of a plug-in")
}

// digest returns the digest that was sent, or that of the message. Its hash must be the one of the key's curve.
func (s signer) digest(public *ecdsa.PublicKey, message io.Reader, opts []signature.MessageOption) ([]byte, error) {
	known, err := algorithmOfKey(public)
	if err != nil {
		return nil, err
	}
	hash, digest := s.hash, []byte(nil)
	for _, option := range opts {
		var named crypto.SignerOpts
		option.ApplyDigest(&digest)
		option.ApplyCryptoSignerOpts(&named)
		if named != nil {
			hash = named.HashFunc()
		}
	}
	if hash != known.hash {
		return nil, refuse("use "+known.hash.String()+" with this key, or a key on the other curve",
			"%s: expected %s, got %s", known.name, known.hash, hash)
	}
	if len(digest) == 0 {
		return hashed(known.hash, message)
	}
	if len(digest) != known.hash.Size() {
		return nil, refuse("this is a bug of the server", "expected a digest of %d bytes, got %d", known.hash.Size(), len(digest))
	}
	return digest, nil
}

func hashed(hash crypto.Hash, message io.Reader) ([]byte, error) {
	hasher := hash.New()
	read, err := io.Copy(hasher, io.LimitReader(message, maxMessageBytes+1))
	if err != nil {
		return nil, err
	}
	if read > maxMessageBytes {
		return nil, refuse("send its digest", "expected a message of at most %d bytes", maxMessageBytes)
	}
	return hasher.Sum(nil), nil
}

func messageOptions[T signature.MessageOption](opts []T) []signature.MessageOption {
	var all []signature.MessageOption
	for _, option := range opts {
		all = append(all, option)
	}
	return all
}
