package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/transparency-dev/formats/log"
	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/testbed"
)

const origin = "ct.example.com/2026"

// bench is everything that a log needs: KMS, a bucket, MariaDB with TLS, and a CA that submits to it.
type bench struct {
	aws      *testbed.AWS
	database *testbed.Database
	issuer   *testbed.Issuer
	key      string
	bucket   string
}

func newBench(t *testing.T) *bench {
	aws := testbed.StartAWS(t)
	return &bench{
		aws: aws, database: testbed.StartDatabase(t, true), issuer: testbed.NewIssuer(t),
		key: aws.NewKey(t, types.KeySpecEccNistP256), bucket: aws.NewBucket(t),
	}
}

func (b *bench) arguments(extra ...string) []string {
	return append([]string{
		"--origin=" + origin, "--http_endpoint=127.0.0.1:0", "--roots_pem_file=" + b.issuer.RootFile,
		"--ext_key_usages=CodeSigning", "--signer_kms_key=awskms:///" + b.key,
		"--bucket=" + b.bucket, "--s3_use_path_style", "--checkpoint_interval=1s",
		"--db_host=localhost", fmt.Sprintf("--db_port=%d", b.database.Port), "--db_tls_ca=" + b.database.CAFile,
		"--db_user=" + testbed.User, "--db_name=" + testbed.DatabaseName, "--antispam_db_name=" + testbed.AntispamDatabase,
	}, extra...)
}

func environment(password string) func(string) string {
	return func(name string) string {
		if name == "DATABASE_PASSWORD" {
			return password
		}
		return ""
	}
}

// output may be read while a server writes to it.
type output struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

func (o *output) Write(bytes []byte) (int, error) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.Write(bytes)
}

func (o *output) String() string {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	return o.text.String()
}

// refused runs the server, which must end by itself, and returns what it said.
func (b *bench) refused(t *testing.T, password string, extra ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	said := &output{}
	if code := run(ctx, b.arguments(extra...), environment(password), io.Discard, said); code != 1 || ctx.Err() != nil {
		t.Fatalf("expected a refusal, got exit code %d: %s", code, said)
	}
	if strings.Contains(said.String(), testbed.Password) || password != "" && strings.Contains(said.String(), password) {
		t.Errorf("the password was printed: %s", said)
	}
	return said.String()
}

// started is a server that runs until stop.
type started struct {
	url  string
	stop func() int
}

func (b *bench) start(t *testing.T, extra ...string) *started {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended, said := make(chan int, 1), &output{}
	address := freeAddress(t)
	arguments := b.arguments(append([]string{"--http_endpoint=" + address}, extra...)...)
	go func() { ended <- run(ctx, arguments, environment(testbed.Password), io.Discard, said) }()
	server := &started{url: "http://" + address}
	server.stop = sync.OnceValue(func() int {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { server.stop() })
	testbed.Until(t, "the log to be healthy", func() bool {
		select {
		case code := <-ended:
			t.Fatalf("ended with %d: %s", code, said)
		default:
		}
		answer, err := http.Get(server.url + "/healthz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
	return server
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// published returns the checkpoint as it lies in the bucket.
func (b *bench) published(t *testing.T) []byte {
	t.Helper()
	name := "checkpoint"
	object, err := b.aws.S3().GetObject(context.Background(), &s3.GetObjectInput{Bucket: &b.bucket, Key: &name})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(object.Body)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// checkpoint returns the published one, verified as any client of a static CT log does.
func (b *bench) checkpoint(t *testing.T, key crypto.PublicKey) *log.Checkpoint {
	t.Helper()
	raw := b.published(t)
	checkpoint, _, _, err := log.ParseCheckpoint(raw, origin, logVerifier(t, key))
	if err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return checkpoint
}

func publicKey(t *testing.T, arn string) *ecdsa.PublicKey {
	t.Helper()
	reference, err := kmskey.ParseReference("awskms:///" + arn)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := kmskey.Open(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	return signer.Public().(*ecdsa.PublicKey)
}

func TestServer(t *testing.T) {
	b := newBench(t)
	key := publicKey(t, b.key)
	t.Run("logs a precertificate, and goes on after a restart", func(t *testing.T) {
		server := b.start(t)
		first := b.issuer.Precertificate(t)
		status, answer := first.Submit(t, server.url)
		if status != http.StatusOK {
			t.Fatalf("got %d %s", status, answer)
		}
		first.Verify(t, answer, key)
		if size := b.checkpoint(t, key).Size; size != 1 {
			t.Errorf("expected an answer once the entry is published, got a tree of %d", size)
		}
		if status, again := first.Submit(t, server.url); status != http.StatusOK || !bytes.Equal(answer[:60], again[:60]) {
			t.Errorf("a duplicate: got %d %s", status, again)
		}
		if code := server.stop(); code != 0 {
			t.Fatalf("stop: got %d", code)
		}
		server = b.start(t)
		second := b.issuer.Precertificate(t)
		_, answer = second.Submit(t, server.url)
		second.Verify(t, answer, key)
		if size := b.checkpoint(t, key).Size; size != 2 {
			t.Errorf("expected 2 entries, got %d", size)
		}
	})
	t.Run("takes no certificate that was signed already", func(t *testing.T) {
		server := b.start(t)
		answer, err := http.Post(server.url+"/ct/v1/add-chain", "application/json", strings.NewReader(`{"chain":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusNotFound {
			t.Errorf("expected 404, got %d", answer.StatusCode)
		}
	})
	t.Run("refuses a chain of another CA, and a body without end", func(t *testing.T) {
		server := b.start(t)
		if status, answer := testbed.NewIssuer(t).Precertificate(t).Submit(t, server.url); status != http.StatusBadRequest {
			t.Errorf("got %d %s", status, answer)
		}
		answer, err := http.Post(server.url+"/ct/v1/add-pre-chain", "application/json", bytes.NewReader(make([]byte, 2*maxBodyBytes)))
		if err != nil || answer.StatusCode < 400 {
			t.Errorf("got %v %v", answer, err)
		}
	})
	t.Run("publishes nothing that its witnesses did not sign", func(t *testing.T) {
		usual := flushTime
		flushTime = time.Second
		t.Cleanup(func() { flushTime = usual })
		policy := filepath.Join(t.TempDir(), "policy")
		writeFile(t, policy, unreachableWitness)
		before := b.checkpoint(t, key)
		server := b.start(t, "--witness_policy_file="+policy, "--witness_timeout=200ms", "--http_deadline=3s")
		if status, answer := b.issuer.Precertificate(t).Submit(t, server.url); status == http.StatusOK {
			t.Errorf("expected no SCT, got %s", answer)
		}
		if after := b.checkpoint(t, key); after.Size != before.Size {
			t.Errorf("a tree of %d was published, after %d", after.Size, before.Size)
		}
	})
}

func TestServerRefuses(t *testing.T) {
	b := newBench(t)
	t.Run("a database whose certificate is of another CA", func(t *testing.T) {
		other := testbed.NewAuthority(t, t.TempDir(), "other")
		if said := b.refused(t, testbed.Password, "--db_tls_ca="+other); !strings.Contains(said, "certificate") {
			t.Error(said)
		}
	})
	t.Run("a database whose certificate is for another name", func(t *testing.T) {
		if said := b.refused(t, testbed.Password, "--db_host=127.0.0.1"); !strings.Contains(said, "127.0.0.1") || !strings.Contains(said, "certificate") {
			t.Error(said)
		}
	})
	t.Run("a database without TLS", func(t *testing.T) {
		plain := testbed.StartDatabase(t, false)
		if said := b.refused(t, testbed.Password, fmt.Sprintf("--db_port=%d", plain.Port)); !strings.Contains(said, "TLS") {
			t.Error(said)
		}
	})
	t.Run("a wrong password", func(t *testing.T) {
		if said := b.refused(t, "not-the-password"); !strings.Contains(said, "Access denied") {
			t.Error(said)
		}
	})
	t.Run("a key of another kind", func(t *testing.T) {
		key := b.aws.NewKey(t, types.KeySpecEccNistP384)
		if said := b.refused(t, testbed.Password, "--signer_kms_key=awskms:///"+key); !strings.Contains(said, key) {
			t.Error(said)
		}
	})
	t.Run("a key that is not there", func(t *testing.T) {
		if said := b.refused(t, testbed.Password, "--signer_kms_key=awskms:///"+keyARN); !strings.Contains(said, "--signer_kms_key") {
			t.Error(said)
		}
	})
	t.Run("a CA file without certificates", func(t *testing.T) {
		empty := filepath.Join(t.TempDir(), "empty.pem")
		writeFile(t, empty, "")
		if said := b.refused(t, testbed.Password, "--db_tls_ca="+empty); !strings.Contains(said, empty) {
			t.Error(said)
		}
	})
}
