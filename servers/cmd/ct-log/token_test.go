package main

import (
	"context"
	"crypto/ecdsa"
	"net/http"
	"strings"
	"testing"

	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/testbed"
)

func TestServerWithItsKeyInAToken(t *testing.T) {
	b := newBench(t)
	testbed.MakeToken(t)
	reference, err := kmskey.ParseReference(testbed.TokenKey)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := kmskey.Open(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	key := signer.Public().(*ecdsa.PublicKey)
	server := b.start(t, "--signer_kms_key="+testbed.TokenKey)
	for size := uint64(1); size <= 3; size++ {
		submitted := b.issuer.Precertificate(t)
		status, answer := submitted.Submit(t, server.url)
		if status != http.StatusOK {
			t.Fatalf("got %d %s", status, answer)
		}
		submitted.Verify(t, answer, key)
		if got := b.checkpoint(t, key).Size; got != size {
			t.Errorf("expected a published tree of %d, got %d", size, got)
		}
	}
	if code := server.stop(); code != 0 {
		t.Errorf("stop: got %d", code)
	}
	t.Run("refuses a key that the token has not", func(t *testing.T) {
		said := b.refused(t, testbed.Password, "--signer_kms_key=pkcs11://token=servers;object=other")
		if !strings.Contains(said, "no private key object=\"other\"") {
			t.Error(said)
		}
	})
}
