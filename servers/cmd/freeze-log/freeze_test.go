package main

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	rekornote "github.com/sigstore/rekor-tiles/v2/pkg/note"
	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/transparency-dev/formats/log"
	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

func frozenOutcome(t *testing.T, got result) *outcome {
	t.Helper()
	if got.code != 0 {
		t.Fatalf("got %d: %s", got.code, got.stderr)
	}
	document := &outcome{}
	if err := json.Unmarshal([]byte(got.stdout), document); err != nil {
		t.Fatalf("%q: %v", got.stdout, err)
	}
	return document
}

// opened verifies a note as clients of the log do, and returns its extension lines.
func opened(t *testing.T, content []byte, verifier note.Verifier) (*log.Checkpoint, string) {
	t.Helper()
	text, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		t.Fatalf("%s: %v", content, err)
	}
	tree := &log.Checkpoint{}
	rest, err := tree.Unmarshal([]byte(text.Text))
	if err != nil {
		t.Fatal(err)
	}
	return tree, string(rest)
}

func rekorVerifier(t *testing.T, key crypto.PublicKey) note.Verifier {
	t.Helper()
	verifier, err := signature.LoadVerifier(key, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	made, err := rekornote.NewNoteVerifier(origin, verifier)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func ctVerifier(t *testing.T, key crypto.PublicKey) note.Verifier {
	t.Helper()
	spelling, err := formats.RFC6962VerifierString(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := formats.NewRFC6962Verifier(spelling)
	if err != nil {
		t.Fatal(err)
	}
	return verifier
}

func TestFreezeRekor(t *testing.T) {
	for name, key := range map[string]crypto.Signer{"ECDSA": newECDSA(t), "Ed25519": newEd25519(t)} {
		for _, entries := range []int{0, 1, 255, 256, 257, 700} {
			log := newRekorLog(t, key, entries)
			before, _ := opened(t, log.read(t, "checkpoint"), rekorVerifier(t, key.Public()))
			document := frozenOutcome(t, execute(t, log.arguments()))
			after, rest := opened(t, log.read(t, "checkpoint"), rekorVerifier(t, key.Public()))
			if after.Size != uint64(entries) || document.Size != after.Size || !bytes.Equal(before.Hash, after.Hash) || document.Already {
				t.Errorf("%s, %d entries: got %+v, %+v", name, entries, after, document)
			}
			when, err := time.Parse(time.UnixDate, strings.TrimSuffix(strings.TrimPrefix(rest, "Log frozen — "), "\n"))
			if err != nil || time.Since(when).Abs() > time.Minute {
				t.Errorf("extension lines: got %q (%v)", rest, err)
			}
			if found, _ := filepath.Glob(filepath.Join(log.directory, ".checkpoint-*")); len(found) > 0 {
				t.Errorf("left behind: %v", found)
			}
		}
	}
}

func TestFreezeAgainChangesNothing(t *testing.T) {
	for _, log := range []*testLog{newRekorLog(t, newECDSA(t), 3), newCTLog(t, 2)} {
		first := frozenOutcome(t, execute(t, log.arguments()))
		checkpoint, file := log.read(t, "checkpoint"), log.read(t, first.File)
		second := frozenOutcome(t, execute(t, log.arguments()))
		if !second.Already || second.FrozenAt != first.FrozenAt {
			t.Errorf("%s: got %+v after %+v", log.kind, second, first)
		}
		if !bytes.Equal(checkpoint, log.read(t, "checkpoint")) || !bytes.Equal(file, log.read(t, first.File)) {
			t.Errorf("%s: a file changed", log.kind)
		}
	}
}

func TestFreezeCT(t *testing.T) {
	log := newCTLog(t, 5)
	public := log.key.Public()
	before := log.read(t, "checkpoint")
	document := frozenOutcome(t, execute(t, log.arguments()))
	if document.File != "frozen" || document.Size != 5 {
		t.Errorf("got %+v", document)
	}
	if !bytes.Equal(before, log.read(t, "checkpoint")) {
		t.Error("the checkpoint changed: its signature has no place for an extension line")
	}
	opened(t, before, ctVerifier(t, public))
	tree, rest := opened(t, log.read(t, "frozen"), rekorVerifier(t, public))
	if tree.Size != 5 || rest != "Log frozen — "+document.FrozenAt+"\n" {
		t.Errorf("got %+v %q", tree, rest)
	}
	if bytes.Contains(log.read(t, "frozen"), []byte("\x00")) {
		t.Error("expected text")
	}
}

// A static CT client refuses a checkpoint with an extension line, so one cannot say there that the log is frozen.
func TestCTCheckpointsHaveNoExtensionLines(t *testing.T) {
	log := newCTLog(t, 1)
	text, signatures, _ := strings.Cut(string(log.read(t, "checkpoint")), "\n\n")
	extended := text + "\nLog frozen — now\n\n" + signatures
	if _, err := note.Open([]byte(extended), note.VerifierList(ctVerifier(t, log.key.Public()))); err == nil {
		t.Error("formats accepts extension lines now: freeze a CT log as a Rekor log is")
	}
}

func TestCheckWritesNothing(t *testing.T) {
	log := newRekorLog(t, newECDSA(t), 3)
	before := log.read(t, "checkpoint")
	document := frozenOutcome(t, execute(t, log.arguments("--check")))
	if document.FrozenAt != "" || !bytes.Equal(before, log.read(t, "checkpoint")) {
		t.Errorf("got %+v", document)
	}
}

func TestFreezeTakesItsKeyFromAPipe(t *testing.T) {
	log := newRekorLog(t, newECDSA(t), 1)
	pem, err := os.ReadFile(log.keyFile)
	if err != nil {
		t.Fatal(err)
	}
	pipe := filepath.Join(t.TempDir(), "key.pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	go func() { _ = os.WriteFile(pipe, pem, 0) }()
	frozenOutcome(t, execute(t, log.arguments("--key-file="+pipe)))
}

func TestFreezeRefusesEvidence(t *testing.T) {
	for name, tamper := range map[string]func(*testing.T, *testLog){
		"an entry that was changed":      func(t *testing.T, log *testLog) { flip(t, log, "tile/entries/001.p/44") },
		"a tile that was changed":        func(t *testing.T, log *testLog) { flip(t, log, "tile/0/001.p/44") },
		"an upper tile that was changed": func(t *testing.T, log *testLog) { flip(t, log, "tile/1/000.p/1") },
		"an entry that is gone":          func(t *testing.T, log *testLog) { remove(t, log, "tile/entries/001.p/44") },
		"a full bundle that is gone":     func(t *testing.T, log *testLog) { remove(t, log, "tile/entries/000") },
		"a tile that is gone":            func(t *testing.T, log *testLog) { remove(t, log, "tile/0/000") },
		"a checkpoint of another key": func(t *testing.T, log *testLog) {
			log.keyFile = writeKey(t, newECDSA(t))
		},
		"a checkpoint that was changed": func(t *testing.T, log *testLog) { flip(t, log, "checkpoint") },
		"a tree that was rolled back": func(t *testing.T, log *testLog) {
			write(t, log, ".state/treeState", []byte(`{"size":1,"root":"AAAA"}`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := newRekorLog(t, newECDSA(t), 300)
			tamper(t, log)
			before := log.read(t, "checkpoint")
			got := execute(t, log.arguments())
			if got.code != exitEvidence || got.stdout != "" {
				t.Errorf("got %d: %s%s", got.code, got.stdout, got.stderr)
			}
			if !bytes.Equal(before, log.read(t, "checkpoint")) {
				t.Error("the checkpoint changed")
			}
		})
	}
}

func TestFreezeRefusesInput(t *testing.T) {
	log := newRekorLog(t, newECDSA(t), 1)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, arguments := range map[string][]string{
		"a directory that is no log": {"--directory=" + t.TempDir()},
		"no key":                     {"--key-file=" + filepath.Join(t.TempDir(), "none")},
		"a key that is no PEM":       {"--key-file=" + writeFile(t, "key", []byte("secret"))},
		"an encrypted key":           {"--key-file=" + writeFile(t, "key", []byte("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n"))},
		"a key on another curve":     {"--key-file=" + writeKey(t, p384)},
		"Ed25519 for a CT log":       {"--kind=ct", "--key-file=" + writeKey(t, newEd25519(t))},
	} {
		if got := execute(t, log.arguments(arguments...)); got.code != exitInput || strings.Contains(got.stderr, "secret") {
			t.Errorf("%s: got %d: %s", name, got.code, got.stderr)
		}
	}
}

func flip(t *testing.T, log *testLog, name string) {
	t.Helper()
	content := log.read(t, name)
	content[len(content)/3] ^= 1
	write(t, log, name, content)
}

func write(t *testing.T, log *testLog, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(log.directory, name), content, 0o644); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, log *testLog, name string) {
	t.Helper()
	if err := os.Remove(filepath.Join(log.directory, name)); err != nil {
		t.Fatal(err)
	}
}
