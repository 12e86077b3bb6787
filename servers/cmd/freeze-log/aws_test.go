package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/transparency-dev/tessera"
	taws "github.com/transparency-dev/tessera/storage/aws"
	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/testbed"
)

// cloudLog is a Rekor log on the emulator and MariaDB.
type cloudLog struct {
	aws      *testbed.AWS
	database *testbed.Database
	bucket   string
	key      *kmskey.Signer
	arn      string
}

func newCloudLog(t *testing.T) *cloudLog {
	t.Helper()
	aws := testbed.StartAWS(t)
	log := &cloudLog{aws: aws, database: testbed.StartDatabase(t, true), bucket: aws.NewBucket(t)}
	log.arn = aws.NewKey(t, types.KeySpecEccNistP256)
	reference, err := kmskey.ParseReference("awskms:///" + log.arn)
	if err != nil {
		t.Fatal(err)
	}
	if log.key, err = kmskey.Open(context.Background(), reference); err != nil {
		t.Fatal(err)
	}
	return log
}

func (l *cloudLog) arguments(extra ...string) []string {
	return append([]string{
		"--kind=rekor", "--origin=" + origin, "--bucket=" + l.bucket, "--s3-path-style", "--kms-key=awskms:///" + l.arn,
		"--db-host=localhost", fmt.Sprintf("--db-port=%d", l.database.Port), "--db-tls-ca=" + l.database.CAFile,
		"--db-user=" + testbed.User, "--db-name=" + testbed.DatabaseName, "--quiet-period=0s",
	}, extra...)
}

func (l *cloudLog) freeze(t *testing.T, extra ...string) result {
	t.Helper()
	return execute(t, l.arguments(extra...), testbed.Password)
}

func (l *cloudLog) dsn() string {
	return fmt.Sprintf("%s:%s@tcp(127.0.0.1:%d)/%s", testbed.User, testbed.Password, l.database.Port, testbed.DatabaseName)
}

// serve runs a server of the log with some entries. It stays connected to the database until the test program ends:
// Tessera does not close it.
func (l *cloudLog) serve(t *testing.T, entries int) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sdk, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		t.Fatal(err)
	}
	driver, err := taws.New(ctx, taws.Config{
		SDKConfig: &sdk, S3Options: func(o *s3.Options) { o.UsePathStyle = true },
		Bucket: l.bucket, DSN: l.dsn(), MaxIdleConns: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(&noteSigner{Verifier: rekorVerifier(t, l.key.Public()), key: l.key}).
		WithCheckpointInterval(time.Second).WithBatching(256, 10*time.Millisecond)
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		t.Fatal(err)
	}
	for index := range entries {
		if _, err := appender.Add(ctx, tessera.NewEntry([]byte(fmt.Sprintf("entry %d", index))))(); err != nil {
			t.Fatal(err)
		}
	}
	if err := shutdown(ctx); err != nil {
		t.Fatal(err)
	}
}

// disconnect ends the connections of servers, as their end does.
func (l *cloudLog) disconnect(t *testing.T) {
	t.Helper()
	l.sql(t, func(database *sql.DB) {
		rows, err := database.Query("SELECT ID FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND USER = ?", testbed.User)
		if err != nil {
			t.Fatal(err)
		}
		var ids []int
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, id)
		}
		for _, id := range ids {
			_, _ = database.Exec(fmt.Sprintf("KILL %d", id))
		}
	})
}

func (l *cloudLog) sql(t *testing.T, work func(*sql.DB)) {
	t.Helper()
	database, err := sql.Open("mysql", l.dsn())
	if err != nil {
		t.Fatal(err)
	}
	database.SetMaxOpenConns(1)
	defer database.Close()
	work(database)
}

func (l *cloudLog) execute(t *testing.T, statement string) {
	t.Helper()
	l.sql(t, func(database *sql.DB) {
		if _, err := database.Exec(statement); err != nil {
			t.Fatal(err)
		}
	})
}

func object(t *testing.T, aws *testbed.AWS, bucket, name string) (*s3.GetObjectOutput, []byte) {
	t.Helper()
	answer, err := aws.S3().GetObject(context.Background(), &s3.GetObjectInput{Bucket: &bucket, Key: &name})
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, content
}

func TestFreezeOnAWS(t *testing.T) {
	log := newCloudLog(t)
	log.serve(t, 3)
	refuse := func(what string, code int, want string, extra ...string) {
		t.Helper()
		got := log.freeze(t, extra...)
		if got.code != code || !strings.Contains(got.stderr, want) || strings.Contains(got.stderr, testbed.Password) {
			t.Errorf("%s: got %+v", what, got)
		}
	}
	refuse("a connected server", exitEnvironment, "other connections to its database as ct")
	log.disconnect(t)
	log.execute(t, "INSERT INTO Seq(id, seq, v) VALUES(0, 3, 'x')")
	refuse("entries that wait", exitEnvironment, "1 batches of entries wait")
	log.execute(t, "DELETE FROM Seq")
	log.execute(t, "UPDATE IntCoord SET seq = 2 WHERE id = 0")
	refuse("a database that was rolled back", exitEvidence, "rolled back")
	log.execute(t, "UPDATE IntCoord SET seq = 3 WHERE id = 0")
	other := "awskms:///" + log.aws.NewKey(t, types.KeySpecEccNistP256)
	refuse("another key", exitEvidence, "checkpoint", "--kms-key="+other)
	refuse("an empty bucket", exitInput, "no checkpoint", "--bucket="+log.aws.NewBucket(t))
	refuse("a bucket that is not there", exitEnvironment, "nowhere", "--bucket=nowhere")
	refuse("another CA", exitEnvironment, "certificate", "--db-tls-ca="+testbed.NewAuthority(t, t.TempDir(), "other"))
	if got := execute(t, log.arguments(), "not-the-password"); got.code != exitEnvironment || strings.Contains(got.stderr, "not-the-password") {
		t.Errorf("a wrong password: got %+v", got)
	}

	document := frozenOutcome(t, log.freeze(t))
	answer, content := object(t, log.aws, log.bucket, "checkpoint")
	tree, rest := opened(t, content, rekorVerifier(t, log.key.Public()))
	if tree.Size != 3 || rest != "Log frozen — "+document.FrozenAt+"\n" {
		t.Errorf("got %+v %q", tree, rest)
	}
	if *answer.ContentType != "text/plain; charset=utf-8" || *answer.CacheControl != "no-cache" {
		t.Errorf("headers: got %s, %s", *answer.ContentType, *answer.CacheControl)
	}
	if again := frozenOutcome(t, log.freeze(t)); !again.Already {
		t.Errorf("got %+v", again)
	}
}

func TestFreezeCTOnAWS(t *testing.T) {
	aws := testbed.StartAWS(t)
	log := newCTLog(t, 3)
	bucketName := aws.NewBucket(t)
	upload(t, aws, bucketName, log.directory)
	arguments := []string{"--kind=ct", "--origin=" + origin, "--bucket=" + bucketName, "--s3-path-style", "--key-file=" + log.keyFile, "--quiet-period=0s"}
	got := execute(t, arguments)
	if !strings.Contains(got.stderr, "warning: no database was named") {
		t.Errorf("expected a warning, got %s", got.stderr)
	}
	document := frozenOutcome(t, got)
	_, content := object(t, aws, bucketName, "frozen")
	if tree, rest := opened(t, content, rekorVerifier(t, log.key.Public())); tree.Size != 3 || !strings.Contains(rest, document.FrozenAt) {
		t.Errorf("got %+v %q", tree, rest)
	}
	if _, checkpoint := object(t, aws, bucketName, "checkpoint"); !bytes.Equal(checkpoint, log.read(t, "checkpoint")) {
		t.Error("the checkpoint changed")
	}
	store, err := openStorage(context.Background(), mustParse(t, arguments), func(string, ...any) {})
	if err != nil {
		t.Fatal(err)
	}
	stale, name := `"00000000000000000000000000000000"`, "checkpoint"
	for name, err := range map[string]error{
		"put":     store.(*bucket).put(context.Background(), &s3.PutObjectInput{Key: &name, Body: strings.NewReader("another"), IfMatch: &stale}),
		"create":  store.create(context.Background(), "frozen", []byte("another")),
		"replace": store.replace(context.Background(), "checkpoint", []byte("not what is there"), []byte("another")),
	} {
		if err == nil || !strings.Contains(err.Error(), "still written to") {
			t.Errorf("%s: expected a refusal, got %v", name, err)
		}
	}
}

func mustParse(t *testing.T, arguments []string) *options {
	t.Helper()
	options, err := parseOptions(arguments)
	if err != nil {
		t.Fatal(err)
	}
	return options
}

func upload(t *testing.T, aws *testbed.AWS, bucket, directory string) {
	t.Helper()
	err := filepath.WalkDir(directory, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(directory, path)
		_, err = aws.S3().PutObject(context.Background(), &s3.PutObjectInput{Bucket: &bucket, Key: &name, Body: bytes.NewReader(content)})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestFreezeRefusesAKeyThatNoLogHas(t *testing.T) {
	aws := testbed.StartAWS(t)
	arn := aws.NewKey(t, types.KeySpecEccNistP384)
	got := execute(t, []string{
		"--kind=rekor", "--origin=" + origin, "--bucket=" + aws.NewBucket(t), "--s3-path-style", "--kms-key=awskms:///" + arn,
	}, "")
	if got.code != exitEvidence || !strings.Contains(got.stderr, "it is not the log's key") {
		t.Errorf("got %d: %s", got.code, got.stderr)
	}
}
