package main

import (
	"bufio"
	"bytes"
	"crypto"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"

	"github.com/transparency-dev/formats/log"
	formats "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

// witness cosigns what extends the last that it cosigned (https://c2sp.org/tlog-witness), of one log.
type witness struct {
	url    string
	key    string
	log    note.Verifier
	signer note.Signer
	mutex  sync.Mutex
	last   log.Checkpoint
}

func newWitness(t *testing.T, key crypto.PublicKey) *witness {
	t.Helper()
	secret, public, err := note.GenerateKey(rand.Reader, "witness.example")
	if err != nil {
		t.Fatal(err)
	}
	w := &witness{log: logVerifier(t, key)}
	if w.signer, err = formats.NewSignerForCosignatureV1(secret); err != nil {
		t.Fatal(err)
	}
	if w.key, err = formats.VKeyToCosignatureV1(public); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(w.addCheckpoint))
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func logVerifier(t *testing.T, key crypto.PublicKey) note.Verifier {
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

// policy writes one under which each checkpoint needs the cosignature of every witness.
func policy(t *testing.T, witnesses ...*witness) string {
	t.Helper()
	text, names := &bytes.Buffer{}, ""
	for at, each := range witnesses {
		fmt.Fprintf(text, "witness w%d %s %s\n", at, each.key, each.url)
		names += fmt.Sprintf(" w%d", at)
	}
	fmt.Fprintf(text, "group everybody all%s\nquorum everybody\n", names)
	path := filepath.Join(t.TempDir(), "policy")
	writeFile(t, path, text.String())
	return path
}

func (w *witness) addCheckpoint(answer http.ResponseWriter, request *http.Request) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	old, hashes, raw, err := readAddCheckpoint(request.Body)
	if err != nil || request.URL.Path != "/add-checkpoint" {
		http.Error(answer, fmt.Sprint(err), http.StatusBadRequest)
		return
	}
	next, _, signed, err := log.ParseCheckpoint(raw, origin, w.log)
	switch {
	case err != nil:
		http.Error(answer, err.Error(), http.StatusForbidden)
		return
	case old != w.last.Size:
		answer.Header().Set("Content-Type", "text/x.tlog.size")
		answer.WriteHeader(http.StatusConflict)
		fmt.Fprintf(answer, "%d\n", w.last.Size)
		return
	}
	if old > 0 {
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, old, next.Size, hashes, w.last.Hash, next.Hash); err != nil {
			http.Error(answer, err.Error(), http.StatusUnprocessableEntity)
			return
		}
	}
	cosigned, err := note.Sign(&note.Note{Text: signed.Text}, w.signer)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusInternalServerError)
		return
	}
	w.last = *next
	_, _ = answer.Write(cosigned[len(signed.Text)+1:])
}

// readAddCheckpoint parses `old SIZE`, the hashes of a consistency proof, an empty line, and a checkpoint.
func readAddCheckpoint(body io.Reader) (old uint64, hashes [][]byte, checkpoint []byte, err error) {
	reader := bufio.NewReader(body)
	if _, err := fmt.Fscanf(reader, "old %d\n", &old); err != nil {
		return 0, nil, nil, err
	}
	for {
		line, err := reader.ReadString('\n')
		if err != nil {
			return 0, nil, nil, err
		}
		if line == "\n" {
			break
		}
		hash, err := base64.StdEncoding.DecodeString(line[:len(line)-1])
		if err != nil {
			return 0, nil, nil, err
		}
		hashes = append(hashes, hash)
	}
	checkpoint, err = io.ReadAll(reader)
	return old, hashes, checkpoint, err
}

func TestServerWithAWitness(t *testing.T) {
	b := newBench(t)
	key := publicKey(t, b.key)
	witnesses := []*witness{newWitness(t, key), newWitness(t, key)}
	server := b.start(t, "--witness_policy_file="+policy(t, witnesses...))
	for size := uint64(1); size <= 3; size++ {
		entry := b.issuer.Precertificate(t)
		status, answer := entry.Submit(t, server.url)
		if status != http.StatusOK {
			t.Fatalf("got %d %s", status, answer)
		}
		entry.Verify(t, answer, key)
		if got := b.checkpoint(t, key).Size; got != size {
			t.Errorf("expected a tree of %d, got %d", size, got)
		}
	}
	raw := b.published(t)
	for _, each := range witnesses {
		verifier, err := formats.NewVerifierForCosignatureV1(each.key)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := log.ParseCheckpoint(raw, origin, logVerifier(t, key), verifier); err != nil {
			t.Errorf("%s: %v", raw, err)
		}
		if opened, err := note.Open(raw, note.VerifierList(verifier)); err != nil || len(opened.Sigs) != 1 {
			t.Errorf("expected a cosignature of %s, got %s", each.key, raw)
		}
	}
}
