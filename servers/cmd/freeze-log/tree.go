package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/crypto/cryptobyte"
	"sigstead.dev/servers/internal/logkey"
)

// readers is how many tiles are read side by side.
const readers = 16

// checkTree derives the whole tree from the log's entries, and compares every tile and the root with it.
func (e *ending) checkTree(ctx context.Context) error {
	tiles := &tiles{store: e.store, kind: e.key.kind, checkpoint: e.last.raw}
	leaves := rekorLeaves
	if e.key.kind == logkey.CT {
		leaves = ctLeaves
	}
	err := fsck.New(e.key.origin, e.key.Checkpoints, tiles, leaves, fsck.Opts{N: readers}).Check(ctx)
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return environment("nothing was written", "interrupted")
	}
	if unreachable := tiles.unreachable.Load(); unreachable != nil {
		return environment("nothing was written", "the log cannot be read: %w", *unreachable)
	}
	return evidence("nothing was written: a log that does not hold what it signed must not be called complete",
		"the log's entries and tiles do not give the root that it signed: %w", err)
}

// tiles reads a log for Tessera's fsck.
type tiles struct {
	store       storage
	kind        logkey.Kind
	checkpoint  []byte
	unreachable atomic.Pointer[error]
}

// ReadCheckpoint returns the one that will be frozen, whatever is published meanwhile.
func (t *tiles) ReadCheckpoint(context.Context) ([]byte, error) { return t.checkpoint, nil }

func (t *tiles) ReadTile(ctx context.Context, level, index uint64, p uint8) ([]byte, error) {
	return t.partialOrFull(ctx, p, func(p uint8) string { return layout.TilePath(level, index, p) })
}

func (t *tiles) ReadEntryBundle(ctx context.Context, index uint64, p uint8) ([]byte, error) {
	return t.partialOrFull(ctx, p, func(p uint8) string {
		if t.kind == logkey.CT {
			return "tile/data/" + layout.NWithSuffix(0, index, p)
		}
		return layout.EntriesPath(index, p)
	})
}

// partialOrFull prefers the partial resource: it may be gone once the full one is there.
func (t *tiles) partialOrFull(ctx context.Context, p uint8, path func(uint8) string) ([]byte, error) {
	content, err := t.store.read(ctx, path(p))
	if errors.Is(err, os.ErrNotExist) && p > 0 {
		content, err = t.store.read(ctx, path(0))
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.unreachable.CompareAndSwap(nil, &err)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path(p), err)
	}
	return content, nil
}

// rekorLeaves returns the leaf hash of each entry of a bundle (C2SP tlog-tiles).
func rekorLeaves(content []byte) ([][]byte, error) {
	bundle := &api.EntryBundle{}
	if err := bundle.UnmarshalText(content); err != nil {
		return nil, err
	}
	hashes := make([][]byte, len(bundle.Entries))
	for index, entry := range bundle.Entries {
		hashes[index] = rfc6962.DefaultHasher.HashLeaf(entry)
	}
	return hashes, nil
}

// ctLeaves returns the leaf hash of each entry of a data tile (C2SP static-ct-api): that of the MerkleTreeLeaf of
// RFC 6962 §3.4, which ends before the precertificate and the chain.
func ctLeaves(content []byte) ([][]byte, error) {
	var hashes [][]byte
	for rest := cryptobyte.String(content); !rest.Empty(); {
		start := rest
		if !skipTimestampedEntry(&rest) {
			return nil, fmt.Errorf("entry %d of a data tile is damaged", len(hashes))
		}
		leaf := append([]byte{0, 0}, start[:len(start)-len(rest)]...)
		hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(leaf))
		if !skipChain(&rest, isPrecertificate(start)) {
			return nil, fmt.Errorf("entry %d of a data tile is damaged", len(hashes)-1)
		}
	}
	return hashes, nil
}

func skipTimestampedEntry(rest *cryptobyte.String) bool {
	var entryType uint16
	var ignored cryptobyte.String
	if !rest.Skip(8) || !rest.ReadUint16(&entryType) || entryType > 1 {
		return false
	}
	if entryType == 1 && !rest.Skip(sha256.Size) {
		return false
	}
	return rest.ReadUint24LengthPrefixed(&ignored) && rest.ReadUint16LengthPrefixed(&ignored)
}

func isPrecertificate(entry cryptobyte.String) bool { return entry[9] == 1 }

func skipChain(rest *cryptobyte.String, precertificate bool) bool {
	var ignored cryptobyte.String
	if precertificate && !rest.ReadUint24LengthPrefixed(&ignored) {
		return false
	}
	return rest.ReadUint16LengthPrefixed(&ignored)
}
