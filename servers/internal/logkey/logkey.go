// Package logkey says which keys the logs of an instance have, and how they sign what they publish.
package logkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"errors"
	"fmt"

	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// Kind of a log.
type Kind string

const (
	Rekor Kind = "rekor"
	CT    Kind = "ct"
)

// Verifiers verify the notes of one log.
type Verifiers struct {
	// Checkpoints verifies what the log publishes. A CT log's RFC6962NoteSignature (https://c2sp.org/static-ct-api)
	// covers size and root and no extension line, so that it verifies no checkpoint with one.
	Checkpoints note.Verifier
	// Statements verifies an ECDSA or Ed25519 signature over a whole note, as every checkpoint of Rekor has it. Rekor
	// names an ECDSA key by its own hash, without the origin.
	Statements note.Verifier
}

// NewVerifiers refuses a key that a log of this kind cannot have.
func NewVerifiers(kind Kind, origin string, public crypto.PublicKey) (*Verifiers, error) {
	if err := check(kind, public); err != nil {
		return nil, err
	}
	verifier, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		return nil, err
	}
	statements, err := rekornote.NewNoteVerifier(origin, verifier)
	if err != nil {
		return nil, err
	}
	if kind == Rekor {
		return &Verifiers{Checkpoints: statements, Statements: statements}, nil
	}
	spelling, err := formats.RFC6962VerifierString(origin, public)
	if err != nil {
		return nil, err
	}
	checkpoints, err := formats.NewRFC6962Verifier(spelling)
	if err != nil {
		return nil, err
	}
	return &Verifiers{Checkpoints: &longEnough{checkpoints}, Statements: statements}, nil
}

// longEnough keeps short signatures from upstream's verifier, which panics on one that is shorter than what stands
// before every signature (formats v0.1.1).
type longEnough struct{ note.Verifier }

// A timestamp, the algorithms of a DigitallySigned, and the length of its signature.
const signatureHeader = 8 + 2 + 2

func (v *longEnough) Verify(text, signature []byte) bool {
	return len(signature) >= signatureHeader && v.Verifier.Verify(text, signature)
}

func check(kind Kind, public crypto.PublicKey) error {
	if kind != Rekor && kind != CT {
		return fmt.Errorf("expected a log of kind rekor or ct, got %q", kind)
	}
	switch public := public.(type) {
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P256() {
			return fmt.Errorf("expected ECDSA P-256, got %s", public.Params().Name)
		}
	case ed25519.PublicKey:
		if kind == CT {
			return errors.New("expected ECDSA P-256: RFC 6962 allows a CT log no Ed25519")
		}
	default:
		return fmt.Errorf("expected ECDSA P-256 or Ed25519, got %T", public)
	}
	return nil
}
