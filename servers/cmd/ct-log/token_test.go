package main

import (
	"context"
	"crypto/ecdsa"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/testbed"
)

const (
	softHSM      = "/usr/lib/softhsm/libsofthsm2.so"
	tokenPIN     = "246813"
	tokenAddress = "pkcs11://token=servers;object=ct"
)

// makeToken makes a token of SoftHSM with the key of a log, and the plug-in reachable for what this test starts.
func makeToken(t *testing.T) {
	t.Helper()
	for _, needed := range []string{softHSM, "/usr/bin/softhsm2-util", "/usr/bin/pkcs11-tool", "/usr/bin/cc"} {
		if _, err := os.Stat(needed); err != nil {
			t.Skipf("NOT TESTED: a log with its key in a token, since SoftHSM 2, OpenSC or a C compiler is not installed: %v", err)
		}
	}
	directory := t.TempDir()
	configuration := filepath.Join(directory, "softhsm2.conf")
	writeFile(t, configuration, "directories.tokendir = "+directory+"\nobjectstore.backend = file\nlog.level = ERROR\n")
	t.Setenv("SOFTHSM2_CONF", configuration)
	execute(t, nil, "softhsm2-util", "--init-token", "--free", "--label", "servers", "--pin", tokenPIN, "--so-pin", "12345678")
	execute(t, nil, "pkcs11-tool", "--module", softHSM, "--token-label", "servers", "--login", "--pin", tokenPIN,
		"--keypairgen", "--key-type", "EC:prime256v1", "--label", "ct", "--id", "03")
	plugIn := filepath.Join(directory, "sigstore-kms-pkcs11")
	execute(t, append(os.Environ(), "CGO_ENABLED=1"), "go", "build", "-o", plugIn, "../sigstore-kms-pkcs11")
	pin := filepath.Join(directory, "pin")
	writeFile(t, pin, tokenPIN)
	t.Setenv("PATH", directory+":"+os.Getenv("PATH"))
	t.Setenv("SIGSTEAD_PKCS11_MODULE", softHSM)
	t.Setenv("SIGSTEAD_PKCS11_PIN_FILE", pin)
}

func execute(t *testing.T, environment []string, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Env = environment
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, output)
	}
}

func TestServerWithItsKeyInAToken(t *testing.T) {
	b := newBench(t)
	makeToken(t)
	reference, err := kmskey.ParseReference(tokenAddress)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := kmskey.Open(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	key := signer.Public().(*ecdsa.PublicKey)
	server := b.start(t, "--signer_kms_key="+tokenAddress)
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
