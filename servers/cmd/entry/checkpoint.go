package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

const (
	checkpointKey = "checkpoint"
	maxCheckpoint = 64 << 10
	// frozenLine begins the extension line of a Rekor log that ended.
	frozenLine = "Log frozen — "
	// frozenKey is the object that freeze-log leaves for a CT log, whose checkpoint takes no extension line.
	frozenKey = "frozen"
)

// checkpoint is what its log has signed: only verifyCheckpoint makes one that its log vouches for.
type checkpoint struct {
	origin     string
	size       uint64
	root       []byte
	extensions []string
}

func (c *checkpoint) frozen() bool {
	for _, line := range c.extensions {
		if strings.HasPrefix(line, frozenLine) {
			return true
		}
	}
	return false
}

// verifyCheckpoint checks the log's own signature and the origin; cosignatures of others do not matter.
func verifyCheckpoint(raw []byte, config *gateConfig) (*checkpoint, error) {
	if len(raw) > maxCheckpoint {
		return nil, fmt.Errorf("expected at most %d bytes", maxCheckpoint)
	}
	opened, err := note.Open(raw, note.VerifierList(config.verifier))
	if err != nil {
		return nil, err
	}
	parsed, err := parseBody(opened.Text)
	if err != nil {
		return nil, err
	}
	if parsed.origin != config.origin {
		return nil, fmt.Errorf("expected the origin %q, got %q", config.origin, parsed.origin)
	}
	if parsed.size == 0 && !bytes.Equal(parsed.root, rfc6962.DefaultHasher.EmptyRoot()) {
		return nil, errors.New("expected the empty root at size 0")
	}
	return parsed, nil
}

// parseBody parses the text of a checkpoint and accepts only what it would write itself.
func parseBody(text string) (*checkpoint, error) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if !strings.HasSuffix(text, "\n") || len(lines) < 3 || lines[0] == "" {
		return nil, errors.New("expected origin, size and root in lines of their own")
	}
	size, err := strconv.ParseUint(lines[1], 10, 64)
	if err != nil || strconv.FormatUint(size, 10) != lines[1] {
		return nil, fmt.Errorf("expected a decimal size, got %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != 32 || base64.StdEncoding.EncodeToString(root) != lines[2] {
		return nil, fmt.Errorf("expected a root of 32 bytes in base64, got %q", lines[2])
	}
	return &checkpoint{origin: lines[0], size: size, root: root, extensions: lines[3:]}, nil
}
