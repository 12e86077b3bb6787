package main

import (
	"context"
	"crypto"
	"crypto/elliptic"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"golang.org/x/mod/sumdb/note"
)

var errBroken = unavailable("memory", errors.New("broken"))

// memoryBucket keeps objects, and creates each once. Keys in broken are answered with an error.
type memoryBucket struct {
	objects map[string][]byte
	broken  map[string]bool
}

func newMemoryBucket() *memoryBucket {
	return &memoryBucket{objects: map[string][]byte{}, broken: map[string]bool{}}
}

func (b *memoryBucket) get(_ context.Context, key string, maxBytes int64) ([]byte, error) {
	content, found := b.objects[key]
	switch {
	case b.broken[key]:
		return nil, errBroken
	case !found:
		return nil, errAbsent
	case int64(len(content)) > maxBytes:
		return nil, fmt.Errorf("%s: too large", key)
	}
	return content, nil
}

func (b *memoryBucket) create(_ context.Context, key string, content []byte) (bool, error) {
	if b.broken[key] {
		return false, errBroken
	}
	if _, found := b.objects[key]; found {
		return false, nil
	}
	b.objects[key] = content
	return true, nil
}

// memoryTrees is a database. Another task may hold its lock, until released is called.
type memoryTrees struct {
	tree   *tree
	err    error
	locked func() bool
	closed bool
}

func (d *memoryTrees) current(context.Context) (*tree, error) { return d.tree, d.err }
func (d *memoryTrees) close()                                 { d.closed = true }
func (d *memoryTrees) lock(context.Context, time.Duration) (bool, error) {
	return d.locked == nil || !d.locked(), d.err
}

// shard is a log in memory, with what its gate looks at.
type shard struct {
	t       *testing.T
	gate    *gate
	log     *memoryBucket
	records *memoryBucket
	trees   *memoryTrees
	signer  note.Signer
	now     time.Time
}

func newShard(t *testing.T, kind string) *shard {
	t.Helper()
	var key crypto.Signer = newKey(t, elliptic.P256())
	config := newConfig(t, kind, key)
	s := &shard{
		t: t, log: newMemoryBucket(), records: newMemoryBucket(), trees: &memoryTrees{}, signer: newSigner(t, config, key),
		now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	s.gate = &gate{
		config: config, log: s.log, records: s.records, trees: s.trees, deadline: time.Minute,
		now: func() time.Time { s.now = s.now.Add(time.Second); return s.now },
	}
	return s
}

// begin is a first start that published a checkpoint over no entry.
func (s *shard) begin() {
	s.t.Helper()
	if first, err := s.gate.check(); err != nil || !first {
		s.t.Fatalf("expected a first start, got %v %v", first, err)
	}
	s.grow("a", 0)
	s.publish()
	if recorded, err := s.gate.recordFirstCheckpoint(context.Background()); err != nil || !recorded {
		s.t.Fatalf("expected the first checkpoint on record, got %v %v", recorded, err)
	}
}

// grow sets the tree to size entries, all of one history, and writes its tiles.
func (s *shard) grow(history string, size uint64) {
	s.t.Helper()
	leaves := make([][]byte, size)
	for i := range leaves {
		leaves[i] = rfc6962.DefaultHasher.HashLeaf(fmt.Appendf(nil, "%s %d", history, i))
	}
	s.trees.tree = &tree{size: size, root: rootOfHashes(s.t, leaves)}
	for level := uint64(0); len(leaves) > 0; level++ {
		var parents [][]byte
		for index := 0; index*256 < len(leaves); index++ {
			hashes := leaves[index*256 : min((index+1)*256, len(leaves))]
			var content []byte
			for _, hash := range hashes {
				content = append(content, hash...)
			}
			s.log.objects[layout.TilePath(level, uint64(index), uint8(len(hashes)%256))] = content
			if len(hashes) == 256 {
				parents = append(parents, rootOfHashes(s.t, hashes))
			}
		}
		leaves = parents
	}
}

func rootOfHashes(t *testing.T, hashes [][]byte) []byte {
	t.Helper()
	if len(hashes) == 0 {
		return rfc6962.DefaultHasher.EmptyRoot()
	}
	span := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	for _, hash := range hashes {
		if err := span.Append(hash, nil); err != nil {
			t.Fatal(err)
		}
	}
	root, err := span.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// publish writes a checkpoint of the tree as it stands.
func (s *shard) publish(extensions ...string) {
	s.t.Helper()
	s.log.objects[checkpointKey] = signNote(s.t, s.signer, bodyOf(s.gate.config.origin, s.trees.tree.size, s.trees.tree.root, extensions...))
}
