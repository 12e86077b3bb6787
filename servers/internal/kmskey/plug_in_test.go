package kmskey

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
)

// keyVariable holds the keys of the plug-in that this test program is where it is set: one, or two of which the second signs.
const keyVariable = "KMSKEY_TEST_KEYS"

func TestMain(m *testing.M) {
	if os.Getenv(keyVariable) != "" {
		os.Exit(plugIn())
	}
	os.Exit(m.Run())
}

func plugIn() int {
	shown, signs, _ := strings.Cut(os.Getenv(keyVariable), ",")
	if signs == "" {
		signs = shown
	}
	arguments, err := handler.GetPluginArgs(os.Args)
	if err == nil {
		_, err = handler.Dispatch(os.Stdout, os.Stdin, arguments, heldKey{load(signs), load(shown)})
	}
	if err != nil {
		return 1
	}
	return 0
}

func load(text string) *signature.ECDSASignerVerifier {
	der, _ := hex.DecodeString(text)
	key, err := x509.ParseECPrivateKey(der)
	if err != nil {
		panic(err)
	}
	loaded, err := signature.LoadECDSASignerVerifier(key, crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return loaded
}

type heldKey struct {
	*signature.ECDSASignerVerifier
	shown *signature.ECDSASignerVerifier
}

func (k heldKey) PublicKey(options ...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return k.shown.PublicKey(options...)
}
func (heldKey) CreateKey(context.Context, string) (crypto.PublicKey, error) {
	return nil, errors.New("no")
}
func (heldKey) DefaultAlgorithm() string      { return "" }
func (heldKey) SupportedAlgorithms() []string { return nil }
func (heldKey) CryptoSigner(context.Context, func(error)) (crypto.Signer, crypto.SignerOpts, error) {
	return nil, nil, errors.New("no")
}

// usePlugIn puts a plug-in on PATH that shows the first key, and signs with the last.
func usePlugIn(t *testing.T, curves ...elliptic.Curve) {
	t.Helper()
	var keys []string
	for _, curve := range curves {
		key, err := ecdsa.GenerateKey(curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalECPrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, hex.EncodeToString(der))
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	if err := os.Symlink(self, filepath.Join(programs, "sigstore-kms-pkcs11")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", programs)
	t.Setenv(keyVariable, strings.Join(keys, ","))
}

func openKey(t *testing.T) (*Signer, error) {
	t.Helper()
	reference, err := ParseReference("pkcs11://token=one;object=log")
	if err != nil {
		t.Fatal(err)
	}
	return Open(context.Background(), reference)
}

func TestSignsBehindThePlugIn(t *testing.T) {
	usePlugIn(t, elliptic.P256())
	signer, err := openKey(t)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("a message"))
	signed, err := signer.Sign(nil, digest[:], crypto.SHA256)
	if err != nil || !ecdsa.VerifyASN1(signer.Public().(*ecdsa.PublicKey), digest[:], signed) {
		t.Errorf("got %x, %v", signed, err)
	}
	if _, err := signer.Sign(nil, digest[:], crypto.SHA384); err == nil {
		t.Error("signs with another hash")
	}
}

func TestRefusesBehindThePlugIn(t *testing.T) {
	t.Run("a signature of another key", func(t *testing.T) {
		usePlugIn(t, elliptic.P256(), elliptic.P256())
		signer, err := openKey(t)
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256([]byte("a message"))
		if _, err := signer.Sign(nil, digest[:], crypto.SHA256); err == nil || !strings.Contains(err.Error(), "did not make") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a key on another curve", func(t *testing.T) {
		usePlugIn(t, elliptic.P384())
		if _, err := openKey(t); !errors.As(err, new(Unusable)) || !strings.Contains(err.Error(), "P-256") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a PATH without the plug-in", func(t *testing.T) {
		t.Setenv("PATH", t.TempDir())
		if _, err := openKey(t); err == nil || !strings.Contains(err.Error(), "sigstore-kms-pkcs11") {
			t.Errorf("got %v", err)
		}
	})
}

func TestParseReferenceAccepts(t *testing.T) {
	for _, text := range []string{
		"pkcs11://token=spin-hsm;object=ct", "pkcs11://token=one;object=pin-ct", "pkcs11://token=pin-value;object=pin-source%3D1",
	} {
		if reference, err := ParseReference(text); err != nil || reference.PlugIn != text {
			t.Errorf("%s: got %+v %v", text, reference, err)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	for _, text := range []string{
		"pkcs11:token=one;object=log", "pkcs11://", "pkcs11://token=one;object=a b", "pkcs11://token=one;object=log?pin-value=1",
		"pkcs11://token=one;object=log;PIN-source=/pin",
		"pkcs11://pin-value=1;object=log", "pkcs11://token=one?module-name=x&Pin-Source=/pin", "file:///key.pem", "sigstore-kms-pkcs11://token=one",
	} {
		if reference, err := ParseReference(text); err == nil {
			t.Errorf("%s: expected a refusal, got %+v", text, reference)
		}
	}
}
