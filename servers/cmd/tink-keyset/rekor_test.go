package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	"golang.org/x/mod/sumdb/note"
	"sigstead.dev/servers/internal/testbed"
)

const (
	origin      = "log2026-1.acme.example"
	rekorServer = "github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/aws"
	freezeLog   = "sigstead.dev/servers/cmd/freeze-log"
)

// Upstream's own server for AWS signs with a keyset of ours, and the log is ended with the same one.
func TestRekorSignsWithAKeyset(t *testing.T) {
	aws := testbed.StartAWS(t)
	made := newKeyset(t, aws.NewKey(t, types.KeySpecSymmetricDefault))
	database, bucket := testbed.StartDatabase(t, true), aws.NewBucket(t)
	address, server, said := startRekor(t, made, database, bucket)
	var entry struct {
		InclusionProof struct {
			Checkpoint struct{ Envelope string }
		}
	}
	if err := json.Unmarshal(submit(t, address), &entry); err != nil {
		t.Fatal(err)
	}
	if text := verified(t, made, []byte(entry.InclusionProof.Checkpoint.Envelope)); !strings.HasPrefix(text, origin+"\n1\n") {
		t.Errorf("got the checkpoint %q", text)
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := server.Wait(); err != nil {
		t.Fatalf("stop: %v\n%s", err, said)
	}
	freeze(t, made, database, bucket)
	name := "checkpoint"
	answer, err := aws.S3().GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &name})
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	frozen, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if text := verified(t, made, frozen); !strings.Contains(text, "\nLog frozen — ") {
		t.Errorf("got the checkpoint %q", text)
	}
}

// keyset is what the program wrote.
type keyset struct{ kek, file, publicKey string }

func newKeyset(t *testing.T, arn string) keyset {
	t.Helper()
	directory := t.TempDir()
	made := keyset{"aws-kms://" + arn, filepath.Join(directory, "keyset.json"), filepath.Join(directory, "log.pub.pem")}
	if code, said := execute("--kek="+made.kek, "--keyset="+made.file, "--public-key="+made.publicKey); code != 0 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	return made
}

func execute(arguments ...string) (int, string) {
	var output bytes.Buffer
	code := run(context.Background(), arguments, &output, &output)
	return code, output.String()
}

func startRekor(t *testing.T, made keyset, database *testbed.Database, bucket string) (string, *exec.Cmd, *bytes.Buffer) {
	t.Helper()
	http1, grpc, metrics := freePort(t), freePort(t), freePort(t)
	dsn := fmt.Sprintf("%s:%s@tcp(127.0.0.1:%d)/%s?tls=skip-verify", testbed.User, testbed.Password, database.Port, testbed.DatabaseName)
	server, said := program(t, rekorServer, "serve", "--hostname="+origin, "--http-address=127.0.0.1", "--http-port="+http1,
		"--grpc-address=127.0.0.1", "--grpc-port="+grpc, "--http-metrics-port="+metrics, "--checkpoint-interval=1s",
		"--aws-bucket="+bucket, "--aws-mysql-dsn="+dsn, "--aws-max-open-conns=8", "--aws-max-idle-conns=2",
		"--client-signing-algorithms=ecdsa-sha2-256-nistp256",
		"--signer-tink-kek-uri="+made.kek, "--signer-tink-keyset-path="+made.file)
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		if t.Failed() {
			t.Logf("rekor: %s", said)
		}
	})
	address := "http://127.0.0.1:" + http1
	testbed.Until(t, "rekor", func() bool {
		answer, err := http.Get(address + "/healthz")
		return err == nil && answer.Body.Close() == nil && answer.StatusCode == http.StatusOK
	})
	return address, server, said
}

// submit adds the signature of a key of its own to the log, and returns the entry.
func submit(t *testing.T, address string) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("what is signed"))
	signed, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(map[string]any{"hashedRekordRequestV002": map[string]any{
		"digest": digest[:],
		"signature": map[string]any{"content": signed, "verifier": map[string]any{
			"publicKey": map[string]any{"rawBytes": der}, "keyDetails": "PKIX_ECDSA_P256_SHA_256",
		}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Post(address+"/api/v2/log/entries", "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	entry, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusCreated {
		t.Fatalf("%v %s %s", err, answer.Status, entry)
	}
	return entry
}

// verified returns the text of a checkpoint that the public key of the keyset's file verifies.
func verified(t *testing.T, made keyset, checkpoint []byte) string {
	t.Helper()
	text, err := os.ReadFile(made.publicKey)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	public, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := signature.LoadVerifier(public, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := rekornote.NewNoteVerifier(origin, loaded)
	if err != nil {
		t.Fatal(err)
	}
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	if err != nil {
		t.Fatalf("%q: %v", checkpoint, err)
	}
	return opened.Text
}

func freeze(t *testing.T, made keyset, database *testbed.Database, bucket string) {
	t.Helper()
	command, output := program(t, freezeLog, "--kind=rekor", "--origin="+origin, "--bucket="+bucket, "--s3-path-style",
		"--tink-kek="+made.kek, "--tink-keyset="+made.file, "--db-host=localhost", fmt.Sprintf("--db-port=%d", database.Port),
		"--db-tls-ca="+database.CAFile, "--db-user="+testbed.User, "--db-name="+testbed.DatabaseName, "--quiet-period=0s")
	if err := command.Run(); err != nil || !strings.Contains(output.String(), `"size":1`) {
		t.Fatalf("freeze-log: %v %s", err, output)
	}
}

// program builds a program, and gives it the password of the database.
func program(t *testing.T, of string, arguments ...string) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "program")
	if output, err := exec.Command("go", "build", "-trimpath", "-o", file, of).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	command, output := exec.Command(file, arguments...), &bytes.Buffer{}
	command.Env = append(os.Environ(), "DATABASE_PASSWORD="+testbed.Password)
	command.Stdout, command.Stderr = output, output
	return command, output
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
