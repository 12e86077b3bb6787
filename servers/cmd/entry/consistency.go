package main

import (
	"bytes"
	"context"
	"errors"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
)

const maxTile = 256 * 32

// proveExtension proves from the tiles in the bucket that they hold the database's tree and that it extends the
// published one. Each tile is read once for either; a full tile does for a partial one that was collected.
func (g *gate) proveExtension(ctx context.Context, published *checkpoint, found *tree) error {
	if found.size == 0 {
		return nil // Both are empty, and the roots were compared.
	}
	tiles := &tileReader{log: g.log}
	root, err := rootOf(ctx, found.size, tiles.read)
	if err == nil && !bytes.Equal(root, found.root) {
		return refuse("gate-regrown", "database %s has the root %x at size %d, and the tiles in bucket %s have %x",
			g.config.database.name, found.root, found.size, g.config.bucket, root)
	}
	if err == nil && published.size > 0 && published.size < found.size {
		err = consistent(ctx, published, found, tiles.read)
	}
	switch {
	case err == nil:
		return nil
	case errors.As(tiles.failed, new(*failure)):
		return tiles.failed // Tessera's client does not wrap it everywhere.
	case errors.Is(tiles.failed, errAbsent) && published.size > 0:
		// Either the bucket lost a tile, or the database grew over another bucket.
		if err := g.provePublished(ctx, published); err != nil {
			return err
		}
	}
	return refuse("gate-regrown", "the %d entries of database %s are not those in bucket %s, which extend the %d of the checkpoint: %v",
		found.size, g.config.database.name, g.config.bucket, published.size, err)
}

// provePublished refuses a bucket that does not hold what its checkpoint says.
func (g *gate) provePublished(ctx context.Context, published *checkpoint) error {
	tiles := &tileReader{log: g.log}
	root, err := rootOf(ctx, published.size, tiles.read)
	if err == nil && bytes.Equal(root, published.root) {
		return nil
	}
	if errors.As(tiles.failed, new(*failure)) {
		return tiles.failed
	}
	return refuse("gate-empty-bucket", "bucket %s does not hold the %d entries of its checkpoint: tile %s", g.config.bucket, published.size, tiles.key)
}

func rootOf(ctx context.Context, size uint64, fetch client.TileFetcherFunc) ([]byte, error) {
	nodes, err := client.FetchRangeNodes(ctx, size, fetch)
	if err != nil {
		return nil, err
	}
	factory := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	span, err := factory.NewRange(0, size, nodes)
	if err != nil {
		return nil, err
	}
	return span.GetRootHash(nil)
}

func consistent(ctx context.Context, older *checkpoint, newer *tree, fetch client.TileFetcherFunc) error {
	builder, err := client.NewProofBuilder(ctx, newer.size, fetch)
	if err != nil {
		return err
	}
	path, err := builder.ConsistencyProof(ctx, older.size, newer.size)
	if err != nil {
		return err
	}
	return proof.VerifyConsistency(rfc6962.DefaultHasher, older.size, newer.size, path, older.root, newer.root)
}

// tileReader remembers which tile could not be read, and why.
type tileReader struct {
	log    objects
	key    string
	failed error
}

func (r *tileReader) read(ctx context.Context, level, index uint64, partial uint8) ([]byte, error) {
	for _, width := range []uint8{partial, 0} {
		r.key = layout.TilePath(level, index, width)
		content, err := r.log.get(ctx, r.key, maxTile)
		if err == nil {
			r.failed = nil
			return content, nil
		}
		r.failed = err
		if !errors.Is(err, errAbsent) {
			break
		}
	}
	return nil, r.failed
}
