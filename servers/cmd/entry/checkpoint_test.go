package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	formatsnote "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// ctSigner signs as a CT log does; upstream keeps its own in an internal package.
type ctSigner struct {
	note.Verifier
	key *ecdsa.PrivateKey
}

func (s *ctSigner) Sign(text []byte) ([]byte, error) {
	body, err := parseBody(string(text))
	if err != nil {
		return nil, err
	}
	signed := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
	head := append([]byte{0, 1}, signed...)
	head = binary.BigEndian.AppendUint64(head, body.size)
	digest := sha256.Sum256(append(head, body.root...))
	ecdsaSignature, err := ecdsa.SignASN1(rand.Reader, s.key, digest[:])
	signed = binary.BigEndian.AppendUint16(append(signed, 4, 3), uint16(len(ecdsaSignature)))
	return append(signed, ecdsaSignature...), err
}

// newSigner returns a signer for the log of a configuration; Rekor's is upstream's own.
func newSigner(t *testing.T, config *gateConfig, key crypto.Signer) note.Signer {
	t.Helper()
	if config.kind == "ct" {
		return &ctSigner{config.verifier, key.(*ecdsa.PrivateKey)}
	}
	signer, err := signature.LoadSigner(key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	noteSigner, err := rekornote.NewNoteSigner(context.Background(), config.origin, signer)
	if err != nil {
		t.Fatal(err)
	}
	return noteSigner
}

func newConfig(t *testing.T, kind string, key crypto.Signer) *gateConfig {
	t.Helper()
	config, err := parseGateConfig(toJSON(t, gateMembers(t, kind, key.Public())))
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func signNote(t *testing.T, signer note.Signer, text string) []byte {
	t.Helper()
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func bodyOf(origin string, size uint64, root []byte, extensions ...string) string {
	lines := append([]string{origin, fmt.Sprint(size), base64.StdEncoding.EncodeToString(root)}, extensions...)
	return strings.Join(lines, "\n") + "\n"
}

func TestVerifyCheckpointAccepts(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	root := make([]byte, 32)
	for name, config := range map[string]*gateConfig{
		"rekor with P-256": nil, "rekor with Ed25519": nil, "ct": nil,
	} {
		var key crypto.Signer = newKey(t, elliptic.P256())
		if strings.HasSuffix(name, "Ed25519") {
			key = edKey
		}
		kind, _, _ := strings.Cut(name, " ")
		config = newConfig(t, kind, key)
		signer := newSigner(t, config, key)
		verified, err := verifyCheckpoint(signNote(t, signer, bodyOf(config.origin, 7, root)), config)
		if err != nil || verified.size != 7 || verified.frozen() {
			t.Errorf("%s: %+v %v", name, verified, err)
		}
		verified, err = verifyCheckpoint(signNote(t, signer, bodyOf(config.origin, 7, root, frozenLine+"today")), config)
		if kind == "ct" && err == nil || kind == "rekor" && (err != nil || !verified.frozen()) {
			t.Errorf("%s, frozen: %+v %v", name, verified, err)
		}
	}
}

// The verifier of transparency-dev/formats judges what our CT signer signs, as our own verifier does.
func TestCtVerifierAgreesWithFormats(t *testing.T) {
	key := newKey(t, elliptic.P256())
	config := newConfig(t, "ct", key)
	signed := signNote(t, newSigner(t, config, key), bodyOf(config.origin, 7, make([]byte, 32)))
	described, err := formatsnote.RFC6962VerifierString("https://"+config.origin, key.Public())
	if err != nil {
		t.Fatal(err)
	}
	judge, err := formatsnote.NewRFC6962Verifier(described)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := note.Open(signed, note.VerifierList(judge)); err != nil || judge.KeyHash() != config.verifier.KeyHash() {
		t.Errorf("formats: %v, key hashes %x %x", err, judge.KeyHash(), config.verifier.KeyHash())
	}
}

func TestVerifyCheckpointRefuses(t *testing.T) {
	key, root := newKey(t, elliptic.P256()), make([]byte, 32)
	for _, kind := range []string{"rekor", "ct"} {
		config := newConfig(t, kind, key)
		signer := newSigner(t, config, key)
		good := string(signNote(t, signer, bodyOf(config.origin, 7, root)))
		other := newKey(t, elliptic.P256())
		stranger := newSigner(t, newConfig(t, kind, other), other)
		for name, raw := range map[string]string{
			"nothing":               "",
			"no signature":          bodyOf(config.origin, 7, root),
			"another key":           string(signNote(t, stranger, bodyOf(config.origin, 7, root))),
			"another size":          strings.Replace(good, "\n7\n", "\n8\n", 1),
			"another root":          strings.Replace(good, "\nAAAA", "\nAAAB", 1),
			"an unsigned extension": strings.Replace(good, "=\n\n", "=\nmore\n\n", 1),
			"an empty tree's size":  string(signNote(t, signer, bodyOf(config.origin, 0, root))),
			"too large":             good + strings.Repeat("x", maxCheckpoint),
			"a short signature":     good[:strings.LastIndex(good, " ")+1] + base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, config.verifier.KeyHash())) + "\n",
			"a signature of 8 bytes": good[:strings.LastIndex(good, " ")+1] +
				base64.StdEncoding.EncodeToString(append(binary.BigEndian.AppendUint32(nil, config.verifier.KeyHash()), make([]byte, 8)...)) + "\n",
		} {
			if verified, err := verifyCheckpoint([]byte(raw), config); err == nil {
				t.Errorf("%s, %s: expected an error, got %+v", kind, name, verified)
			}
		}
	}
	config := newConfig(t, "rekor", key)
	signer := newSigner(t, config, key)
	for name, text := range map[string]string{
		"another origin": bodyOf("log.example.org", 7, root), "a signed size of +7": strings.Replace(bodyOf(config.origin, 7, root), "\n7", "\n+7", 1),
		"a size of 07": strings.Replace(bodyOf(config.origin, 7, root), "\n7", "\n07", 1), "a root of 31 bytes": bodyOf(config.origin, 7, root[:31]),
		"no root": config.origin + "\n7\n", "a root with loose bits": strings.Replace(bodyOf(config.origin, 7, root), "A=", "B=", 1),
	} {
		if verified, err := verifyCheckpoint(signNote(t, signer, text), config); err == nil {
			t.Errorf("%s: expected an error, got %+v", name, verified)
		}
	}
}
