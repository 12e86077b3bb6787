package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"github.com/transparency-dev/tesseract"
	ctstorage "github.com/transparency-dev/tesseract/storage"
	ctposix "github.com/transparency-dev/tesseract/storage/posix"
	"golang.org/x/mod/sumdb/note"
	"sigstead.dev/servers/internal/logkey"
	"sigstead.dev/servers/internal/testbed"
)

const origin = "log.example.com"

// testLog is a log in a directory, whose server has stopped.
type testLog struct {
	directory string
	keyFile   string
	kind      logkey.Kind
	key       crypto.Signer
}

func (l *testLog) arguments(extra ...string) []string {
	return append([]string{
		"--kind=" + string(l.kind), "--origin=" + origin, "--directory=" + l.directory, "--key-file=" + l.keyFile, "--quiet-period=0s",
	}, extra...)
}

func (l *testLog) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(l.directory, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func newECDSA(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEd25519(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func writeKey(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func writeFile(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rekorSigner signs as Rekor does.
func rekorSigner(t *testing.T, key crypto.Signer) note.Signer {
	t.Helper()
	signer, err := signature.LoadSigner(key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	made, err := rekornote.NewNoteSigner(context.Background(), origin, signer)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// newRekorLog makes a log with Tessera, as Rekor stores it.
func newRekorLog(t *testing.T, key crypto.Signer, entries int) *testLog {
	t.Helper()
	made := &testLog{directory: t.TempDir(), keyFile: writeKey(t, key), kind: logkey.Rekor, key: key}
	made.append(t, entries)
	return made
}

// append runs a server of the log until its entries are published.
func (l *testLog) append(t *testing.T, entries int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	driver, err := posix.New(ctx, posix.Config{Path: l.directory})
	if err != nil {
		t.Fatal(err)
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(rekorSigner(t, l.key)).
		WithCheckpointInterval(100*time.Millisecond).WithBatching(256, 10*time.Millisecond)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		t.Fatal(err)
	}
	futures := make([]tessera.IndexFuture, entries)
	for index := range futures {
		futures[index] = appender.Add(ctx, tessera.NewEntry([]byte(fmt.Sprintf("entry %d %d", index, time.Now().UnixNano()))))
	}
	for _, future := range futures {
		if _, err := future(); err != nil {
			t.Fatal(err)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
	testbed.Until(t, "a checkpoint", func() bool {
		_, err := reader.ReadCheckpoint(ctx)
		return err == nil
	})
}

// newCTLog makes a log with TesseraCT's own handler.
func newCTLog(t *testing.T, entries int) *testLog {
	t.Helper()
	key := newECDSA(t)
	made := &testLog{directory: t.TempDir(), kind: logkey.CT, key: key}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	// As the toolkit hands it over: SEC 1.
	made.keyFile = writeFile(t, "key.pem", pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
	made.submit(t, testbed.NewIssuer(t), entries)
	return made
}

func (l *testLog) submit(t *testing.T, issuer *testbed.Issuer, entries int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var shutdown func(context.Context) error
	create := func(ctx context.Context, signer note.Signer) (*ctstorage.CTStorage, error) {
		driver, err := posix.New(ctx, posix.Config{Path: l.directory})
		if err != nil {
			return nil, err
		}
		options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithCTLayout().
			WithCheckpointInterval(100*time.Millisecond).WithBatching(256, 10*time.Millisecond)
		appender, stop, reader, err := tessera.NewAppender(ctx, driver, options)
		if err != nil {
			return nil, err
		}
		shutdown = stop
		issuers, err := ctposix.NewIssuerStorage(ctx, l.directory)
		if err != nil {
			return nil, err
		}
		return ctstorage.NewCTStorage(ctx, &ctstorage.CTStorageOptions{Appender: appender, Reader: reader, IssuerStorage: issuers, EnableAwaiter: true})
	}
	chains := tesseract.ChainValidationConfig{RootsPEMFile: issuer.RootFile, ExtKeyUsages: "CodeSigning"}
	handler, err := tesseract.NewLogHandler(ctx, origin, l.key, chains, create, 10*time.Second, false, "", tesseract.LogHandlerOpts{DedupRL: -1})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	for range entries {
		if status, answer := issuer.Precertificate(t).Submit(t, server.URL); status != 200 {
			t.Fatalf("%d %s", status, answer)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

// result is what a run of the program gave.
type result struct {
	code           int
	stdout, stderr string
}

func execute(t *testing.T, arguments []string, environment ...string) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	getenv := func(string) string {
		if len(environment) > 0 {
			return environment[0]
		}
		return ""
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	code := run(ctx, arguments, getenv, &stdout, &stderr)
	return result{code, stdout.String(), stderr.String()}
}
