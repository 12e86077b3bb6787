package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"sigstead.dev/servers/internal/logkey"
	"sigstead.dev/servers/internal/testbed"
)

func TestParseOptionsRefuses(t *testing.T) {
	directory := []string{"--kind=rekor", "--origin=" + origin, "--directory=d", "--key-file=k"}
	bucket := []string{"--kind=ct", "--origin=" + origin, "--bucket=b", "--kms-key=awskms:///arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"}
	withDatabase := append(bucket, "--db-host=h", "--db-user=u", "--db-name=n", "--db-tls-ca=c")
	keyset := []string{"--kind=rekor", "--origin=" + origin, "--bucket=b", "--tink-keyset=k", "--tink-kek=aws-kms://arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"}
	for _, valid := range [][]string{directory, bucket, withDatabase, keyset} {
		if _, err := parseOptions(valid); err != nil {
			t.Fatalf("accepts %q: %v", valid, err)
		}
	}
	for _, refused := range []struct {
		arguments []string
		extra     string
		want      string
	}{
		{directory, "--kind=tuf", "--kind"},
		{directory, "--origin=", "--origin"},
		{directory, "--origin=Log.Example.com", "--origin"},
		{directory, "--origin=a+b", "--origin"},
		{directory, "--directory=", "either --directory or --bucket"},
		{directory, "--bucket=b", "either --directory or --bucket"},
		{directory, "--key-file=", "one of --key-file"},
		{directory, "--kms-key=awskms:///alias/x", "one of --key-file"},
		{directory, "--tink-keyset=k", "belong together"},
		{keyset, "--tink-keyset=", "belong together"},
		{keyset, "--key-file=k", "one of --key-file"},
		{keyset, "--tink-kek=aws-kms://alias/x", "no alias"},
		{directory, "--quiet-period=-1s", "--quiet-period"},
		{directory, "--db-host=h", "has no database"},
		{bucket, "--kms-key=awskms:///alias/x", "no alias"},
		{bucket, "--db-user=u", "--db-name"},
		{withDatabase, "--db-host=", "host"},
		{withDatabase, "--db-tls-ca=", "TLS"},
		{withDatabase, "--db-port=0", "port"},
		{withDatabase, "--db-password=x", "not defined"},
		{directory, "log", "unexpected argument"},
	} {
		_, err := parseOptions(append(refused.arguments, refused.extra))
		if err == nil || !strings.Contains(err.Error(), refused.want) {
			t.Errorf("%s: expected an error that names %q, got %v", refused.extra, refused.want, err)
		}
	}
	if got := execute(t, []string{"--kind=none"}); got.code != exitUsage || !strings.Contains(got.stderr, "hint") {
		t.Errorf("got %+v", got)
	}
	if got := execute(t, []string{"--help"}); got.code != 0 || !strings.Contains(got.stdout, "EXIT CODES") {
		t.Errorf("got %+v", got)
	}
}

// busyStorage has a server that publishes between two readings of the checkpoint.
type busyStorage struct {
	storage
	publish func()
}

func (b *busyStorage) read(ctx context.Context, name string) ([]byte, error) {
	if name == checkpointName {
		b.publish()
	}
	return b.storage.read(ctx, name)
}

func TestFreezeRefusesWhileSomebodyWrites(t *testing.T) {
	log := newRekorLog(t, newECDSA(t), 3)
	store, err := openDirectory(log.directory)
	if err != nil {
		t.Fatal(err)
	}
	key, err := newLogKey(logkey.Rekor, origin, log.key)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	last, err := readHead(ctx, store, key)
	if err != nil {
		t.Fatal(err)
	}
	busy := &busyStorage{store, func() { log.append(t, 2) }}
	if err := (&ending{busy, key, last}).provenQuiet(ctx, 0); err == nil || !strings.Contains(err.Error(), "still written to") {
		t.Errorf("got %v", err)
	}
	if err := (&ending{store, key, last}).write(ctx, "now"); err == nil || !strings.Contains(err.Error(), "still written to") {
		t.Errorf("got %v", err)
	}
	if document := frozenOutcome(t, execute(t, log.arguments())); document.Size != 5 {
		t.Errorf("afterwards: got %+v", document)
	}
}

func TestFreezeWaitsForTheQuietPeriod(t *testing.T) {
	log := newRekorLog(t, newECDSA(t), 1)
	began := time.Now()
	frozenOutcome(t, execute(t, log.arguments("--quiet-period=1s")))
	if time.Since(began) < time.Second {
		t.Error("it did not wait")
	}
}

func TestFreezeRefusesWhatIsNotPublished(t *testing.T) {
	log := newRekorLog(t, newECDSA(t), 3)
	// As a server leaves it that was killed between integrating and publishing.
	state := fmt.Sprintf(`{"size":4,"root":%q}`, base64.StdEncoding.EncodeToString(make([]byte, 32)))
	write(t, log, ".state/treeState", []byte(state))
	got := execute(t, log.arguments())
	if got.code != exitEnvironment || !strings.Contains(got.stderr, "has 4 entries, and the checkpoint 3") {
		t.Errorf("got %+v", got)
	}
}

func TestFreezeRefusesAfterTheFreezeWasPassedOver(t *testing.T) {
	log := newCTLog(t, 2)
	frozenOutcome(t, execute(t, log.arguments()))
	log.submit(t, testbed.NewIssuer(t), 1)
	got := execute(t, log.arguments())
	if got.code != exitEvidence || !strings.Contains(got.stderr, "frozen with 2 entries, and its checkpoint has 3") {
		t.Errorf("got %+v", got)
	}
}

func TestFreezeRefusesAForgedFreeze(t *testing.T) {
	log := newCTLog(t, 1)
	other := newCTLog(t, 1)
	frozenOutcome(t, execute(t, other.arguments()))
	write(t, log, "frozen", other.read(t, "frozen"))
	if got := execute(t, log.arguments()); got.code != exitEvidence || !strings.Contains(got.stderr, "frozen") {
		t.Errorf("got %+v", got)
	}
}

func TestFreezeKeepsAnotherWritersFreeze(t *testing.T) {
	log := newRekorLog(t, newECDSA(t), 1)
	store, err := openDirectory(log.directory)
	if err != nil {
		t.Fatal(err)
	}
	before := log.read(t, "checkpoint")
	if err := store.replace(context.Background(), "checkpoint", []byte("not what is there"), []byte("new")); err == nil {
		t.Error("expected a refusal to replace what was not read")
	}
	if err := store.create(context.Background(), "checkpoint", []byte("new")); err == nil {
		t.Error("expected a refusal to create what is there")
	}
	if !bytes.Equal(before, log.read(t, "checkpoint")) {
		t.Error("the checkpoint changed")
	}
	if status, err := os.Stat(log.directory + "/checkpoint"); err != nil || status.Size() == 0 {
		t.Errorf("%v %v", status, err)
	}
}
