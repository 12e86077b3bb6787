package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/digitorus/timestamp"
	"github.com/sigstore/sigstore/pkg/cryptoutils"
)

func TestParseOptionsRefuses(t *testing.T) {
	valid := []string{"serve", "--file-signer-key-path=key.pem", "--certificate-chain-path=chain.pem"}
	if _, err := parseOptions(valid); err != nil {
		t.Fatalf("accepts %q: %v", valid, err)
	}
	for argument, want := range map[string]string{
		"--host=0.0.0.0":            "--host",
		"--host=::":                 "--host",
		"--host=192.0.2.1":          "--host",
		"--host=localhost":          "--host",
		"--host=":                   "--host",
		"--port=65536":              "--port",
		"--metrics-port=-1":         "--metrics-port",
		"--timestamp-signer=memory": "--timestamp-signer",
		"--timestamp-signer=kms":    "--file-signer-key-path",
		"--kms-key-resource=x":      "--kms-key-resource",
		"--certificate-chain-path=": "--certificate-chain-path",
		"--max-request-body-size=0": "--max-request-body-size",
		"--log-type=loud":           "--log-type",
		"--file-signer-passwd=x":    "unknown flag",
		"--config=x":                "unknown flag",
		"--socket-path=x":           "unknown flag",
		"again":                     "serve again",
	} {
		if _, err := parseOptions(append(valid, argument)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error that names %q, got %v", argument, want, err)
		}
	}
}

func TestRunPrintsHelp(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}} {
		var stdout, stderr bytes.Buffer
		if code := run(args, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "--metrics-port") {
			t.Errorf("%q: exit code %d, stdout %q, stderr %q", args, code, &stdout, &stderr)
		}
	}
}

func TestRunReportsAnUnusableKey(t *testing.T) {
	t.Setenv(passphraseVariable, "wrong")
	key, chain := writeAuthority(t, "right")
	var stderr bytes.Buffer
	args := []string{"serve", "--file-signer-key-path=" + key, "--certificate-chain-path=" + chain}
	if code := run(args, io.Discard, &stderr); code != 1 || !strings.Contains(stderr.String(), key) {
		t.Errorf("exit code %d, stderr %q", code, &stderr)
	}
}

func TestRunServesUntilTerminated(t *testing.T) {
	t.Setenv(passphraseVariable, "right")
	t.Setenv("PORT", "not a number")
	key, chain := writeAuthority(t, "right")
	api, metrics := freePort(t), freePort(t)
	ended := make(chan int)
	go func() {
		ended <- run([]string{"serve", "--file-signer-key-path=" + key, "--certificate-chain-path=" + chain,
			fmt.Sprintf("--port=%d", api), fmt.Sprintf("--metrics-port=%d", metrics), "--max-request-body-size=1000",
		}, io.Discard, os.Stderr)
	}()
	url := fmt.Sprintf("http://127.0.0.1:%d", api)
	waitUntilServing(t, url+"/ping")

	if got := stamp(t, url); got.Time.IsZero() || got.Nonce.Int64() != 7 {
		t.Errorf("expected a timestamp that repeats the nonce, got %+v", got)
	}
	if status, _ := post(t, url, make([]byte, 1001)); status == http.StatusOK {
		t.Errorf("expected a request over the limit to be refused, got %d", status)
	}
	response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", metrics))
	if err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("metrics: %v %v", response, err)
	}

	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-ended:
		if code != 0 {
			t.Errorf("expected exit code 0, got %d", code)
		}
	case <-time.After(20 * time.Second):
		t.Error("still serving 20 s after SIGTERM")
	}
}

func stamp(t *testing.T, url string) *timestamp.Timestamp {
	t.Helper()
	digest := sha256.Sum256([]byte("artifact"))
	request := timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: digest[:], Nonce: big.NewInt(7), Certificates: true}
	body, err := request.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	status, answer := post(t, url, body)
	if status != http.StatusOK {
		t.Fatalf("expected status 200, got %d: %s", status, answer)
	}
	parsed, err := timestamp.ParseResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func post(t *testing.T, url string, body []byte) (int, []byte) {
	t.Helper()
	response, err := http.Post(url+"/api/v1/timestamp", "application/timestamp-query", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer
}

func waitUntilServing(t *testing.T, url string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if response, err := http.Get(url); err == nil && response.StatusCode == http.StatusOK {
			return
		}
	}
	t.Fatalf("%s: no answer", url)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// writeAuthority writes an encrypted key and its chain (leaf, root) and returns their paths.
func writeAuthority(t *testing.T, passphrase string) (key, chain string) {
	t.Helper()
	private, _, err := cryptoutils.GeneratePEMEncodedECDSAKeyPair(elliptic.P384(), cryptoutils.StaticPasswordFunc([]byte(passphrase)))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := cryptoutils.UnmarshalPEMToPrivateKey(private, cryptoutils.StaticPasswordFunc([]byte(passphrase)))
	if err != nil {
		t.Fatal(err)
	}
	root, rootKey := issueRoot(t)
	leaf := issueLeaf(t, root, rootKey, parsed.(crypto.Signer).Public())

	directory := t.TempDir()
	key, chain = filepath.Join(directory, "key.pem"), filepath.Join(directory, "chain.pem")
	blocks := append(certificatePem(leaf), certificatePem(root)...)
	if err := errors.Join(os.WriteFile(key, private, 0o600), os.WriteFile(chain, blocks, 0o600)); err != nil {
		t.Fatal(err)
	}
	return key, chain
}

func issueRoot(t *testing.T) (*x509.Certificate, crypto.Signer) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := template("root")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	return issue(t, template, template, key.Public(), key), key
}

func issueLeaf(t *testing.T, root *x509.Certificate, rootKey crypto.Signer, public crypto.PublicKey) *x509.Certificate {
	t.Helper()
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		t.Fatal(err)
	}
	template := template("leaf")
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: usage}}
	return issue(t, template, root, public, rootKey)
}

func template(name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Minute), NotAfter: now.Add(time.Hour),
	}
}

func issue(t *testing.T, template, parent *x509.Certificate, public crypto.PublicKey, signer crypto.Signer) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func certificatePem(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}
