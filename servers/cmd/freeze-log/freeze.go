package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
	"sigstead.dev/servers/internal/logkey"
)

const (
	checkpointName = "checkpoint"
	// frozenName is where the freeze of a CT log stands.
	frozenName = "frozen"
	// frozenPrefix is upstream's (rekor-tiles, cmd/freeze-checkpoint). The time behind it is in Go's time.UnixDate.
	frozenPrefix = "Log frozen — "
)

// outcome is the document on stdout.
type outcome struct {
	Origin   string `json:"origin"`
	Kind     string `json:"kind"`
	Size     uint64 `json:"size"`
	RootHash string `json:"rootHash"`
	// File is what says that the log is frozen.
	File string `json:"file"`
	// FrozenAt is empty if it was only checked.
	FrozenAt string `json:"frozenAt,omitempty"`
	Already  bool   `json:"already"`
}

// storage is where a log lives.
type storage interface {
	// read returns os.ErrNotExist where there is nothing.
	read(ctx context.Context, name string) ([]byte, error)
	// replace writes only if the object is still the one that was read last.
	replace(ctx context.Context, name string, old, content []byte) error
	// create writes only if there is nothing.
	create(ctx context.Context, name string, content []byte) error
	// settled says why entries may be missing from the published tree, or nil.
	settled(ctx context.Context, head *log.Checkpoint) error
	close()
}

// ending is one log on its way to its end.
type ending struct {
	store storage
	key   *logKey
	last  *head
}

// head is the published end of a log.
type head struct {
	raw  []byte
	text string
	tree *log.Checkpoint
	// frozenAt is set if the log was frozen before.
	frozenAt string
}

func freeze(ctx context.Context, o *options, talk func(string, ...any)) (*outcome, error) {
	store, err := openStorage(ctx, o, talk)
	if err != nil {
		return nil, err
	}
	defer store.close()
	key, err := openKey(ctx, o)
	if err != nil {
		return nil, err
	}
	last, err := readHead(ctx, store, key)
	if err != nil {
		return nil, err
	}
	result := last.outcome(key)
	if last.frozenAt != "" {
		talk("frozen before: %s", last.frozenAt)
		result.Already = true
		return result, nil
	}
	end := &ending{store, key, last}
	if err := end.provenQuiet(ctx, o.quietPeriod); err != nil || o.check {
		return result, err
	}
	result.FrozenAt = time.Now().UTC().Format(time.UnixDate)
	if err := end.write(ctx, result.FrozenAt); err != nil {
		return nil, err
	}
	return result, nil
}

// readHead returns the published checkpoint once its signature was verified, and whether the log is frozen.
func readHead(ctx context.Context, store storage, key *logKey) (*head, error) {
	raw, err := store.read(ctx, checkpointName)
	if errors.Is(err, os.ErrNotExist) {
		return nil, input("check the name of the directory or bucket", "there is no checkpoint, so there is no log to end")
	}
	if err != nil {
		return nil, environment("", "checkpoint: %w", err)
	}
	opened, tree, frozenAt, err := openHead(raw, key.origin, key.Checkpoints)
	if err != nil {
		return nil, evidence("it has to be the key and the origin of this very log", "checkpoint: %w", err)
	}
	last := &head{raw: raw, text: opened.Text, tree: tree, frozenAt: frozenAt}
	if key.kind == logkey.CT {
		return last, readFrozen(ctx, store, key, last)
	}
	return last, nil
}

// readFrozen looks for the freeze of a CT log, which its checkpoint cannot hold.
func readFrozen(ctx context.Context, store storage, key *logKey, last *head) error {
	raw, err := store.read(ctx, frozenName)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return environment("", "%s: %w", frozenName, err)
	}
	_, tree, frozenAt, err := openHead(raw, key.origin, key.Statements)
	if err != nil {
		return evidence("", "%s: %w", frozenName, err)
	}
	if frozenAt == "" {
		return evidence("", "%s: expected a line that begins with %q", frozenName, frozenPrefix)
	}
	if tree.Size != last.tree.Size || !bytes.Equal(tree.Hash, last.tree.Hash) {
		return evidence("a server was started again on this log; what it signed since is worth nothing",
			"the log was frozen with %d entries, and its checkpoint has %d", tree.Size, last.tree.Size)
	}
	last.frozenAt = frozenAt
	return nil
}

func openHead(raw []byte, origin string, verifier note.Verifier) (*note.Note, *log.Checkpoint, string, error) {
	opened, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return nil, nil, "", err
	}
	tree := &log.Checkpoint{}
	rest, err := tree.Unmarshal([]byte(opened.Text))
	if err != nil {
		return nil, nil, "", err
	}
	if tree.Origin != origin {
		return nil, nil, "", evidence("", "expected the origin %q, got %q", origin, tree.Origin)
	}
	for line := range strings.Lines(string(rest)) {
		if frozenAt, found := strings.CutPrefix(line, frozenPrefix); found {
			return opened, tree, strings.TrimSuffix(frozenAt, "\n"), nil
		}
	}
	return opened, tree, "", nil
}

// provenQuiet returns once the log was derived again from its entries, and nothing has changed for the quiet period.
func (e *ending) provenQuiet(ctx context.Context, quiet time.Duration) error {
	began := time.Now()
	if err := e.store.settled(ctx, e.last.tree); err != nil {
		return err
	}
	if err := e.checkTree(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return environment("nothing was written", "interrupted")
	case <-time.After(time.Until(began.Add(quiet))):
	}
	now, err := e.store.read(ctx, checkpointName)
	if err != nil {
		return environment("", "checkpoint: %w", err)
	}
	if !bytes.Equal(now, e.last.raw) {
		return stillWriting("a new checkpoint was published meanwhile")
	}
	return e.store.settled(ctx, e.last.tree)
}

func stillWriting(how string) error {
	return environment("stop every server of this log, and run this again", "the log is still written to: %s", how)
}

// write signs, verifies what was signed, writes it, and reads it back.
func (e *ending) write(ctx context.Context, frozenAt string) error {
	content, err := note.Sign(&note.Note{Text: e.last.text + frozenPrefix + frozenAt + "\n"}, e.key.signer)
	if err != nil {
		return environment("nothing was written", "signing: %w", err)
	}
	if _, _, got, err := openHead(content, e.key.origin, e.key.Statements); err != nil || got != frozenAt {
		return evidence("nothing was written", "what was signed does not verify: %v", err)
	}
	if e.key.kind == logkey.Rekor {
		if err := e.store.replace(ctx, checkpointName, e.last.raw, content); err != nil {
			return err
		}
		return e.readBack(ctx, checkpointName, content)
	}
	if err := e.store.create(ctx, frozenName, content); err != nil {
		return err
	}
	if err := e.readBack(ctx, frozenName, content); err != nil {
		return err
	}
	return e.readBack(ctx, checkpointName, e.last.raw)
}

// readBack notices a server that publishes all the same.
func (e *ending) readBack(ctx context.Context, name string, expected []byte) error {
	got, err := e.store.read(ctx, name)
	if err != nil {
		return environment("", "%s: cannot be read back: %w", name, err)
	}
	if !bytes.Equal(got, expected) {
		return stillWriting(name + " was replaced right after the freeze")
	}
	return nil
}

func (h *head) outcome(key *logKey) *outcome {
	return &outcome{
		Origin:   key.origin,
		Kind:     string(key.kind),
		Size:     h.tree.Size,
		RootHash: base64.StdEncoding.EncodeToString(h.tree.Hash),
		File:     key.frozenFile(),
		FrozenAt: h.frozenAt,
	}
}
