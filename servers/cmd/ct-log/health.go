package main

import (
	"context"
	"crypto"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"
	"k8s.io/klog/v2"
	"sigstead.dev/servers/internal/logkey"
)

// healthPath takes the place of upstream's, which says "ok" whatever happens.
const healthPath = "/healthz"

// Another task is started for one that is unhealthy, and cannot do better while the database or KMS are away. So a log
// is ill only after what no failover takes: five minutes, or ten intervals in which it should have published.
const (
	leastPatience        = 5 * time.Minute
	republishingPatience = 10
)

// looking is how often a log is looked at, and how long one look may take. A request to its health path looks at
// nothing: whoever may ask cannot make the log ask its database.
const looking = 10 * time.Second

// logReader is the part of a log that its health is made of.
type logReader interface {
	IntegratedSize(context.Context) (uint64, error)
	ReadCheckpoint(context.Context) ([]byte, error)
}

// health is when a log did last what it is there for. Its start counts as such a time.
type health struct {
	reader   logReader
	verifier note.Verifier
	patience time.Duration
	now      func() time.Time
	// republishes is false for a log that may be silent for as long as it does not grow.
	republishes bool
	answered    atomic.Int64
	published   atomic.Int64
}

func newHealth(o *options, key crypto.PublicKey, reader logReader) (*health, error) {
	verifiers, err := logkey.NewVerifiers(logkey.CT, o.origin, key)
	if err != nil {
		return nil, err
	}
	patience := max(leastPatience, republishingPatience*o.checkpointRepublishInterval)
	h := &health{reader: reader, verifier: verifiers.Checkpoints, patience: patience, now: time.Now, republishes: o.checkpointRepublishInterval > 0}
	h.begin()
	return h, nil
}

func (h *health) begin() {
	h.answered.Store(h.now().UnixNano())
	h.published.Store(h.now().UnixNano())
}

// watch looks at the log until ctx is done.
func (h *health) watch(ctx context.Context) {
	ticker := time.NewTicker(looking)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			h.look(ctx)
		}
	}
}

func (h *health) look(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, looking)
	defer cancel()
	if _, err := h.reader.IntegratedSize(ctx); err != nil {
		klog.Warningf("health: database: %v", err)
	} else {
		h.answered.Store(h.now().UnixNano())
	}
	at, err := h.publishedAt(ctx)
	if err != nil {
		klog.Warningf("health: checkpoint: %v", err)
	} else if at.UnixNano() > h.published.Load() {
		h.published.Store(at.UnixNano())
	}
}

// publishedAt returns when the published checkpoint was signed, by whichever task of the log.
func (h *health) publishedAt(ctx context.Context) (time.Time, error) {
	raw, err := h.reader.ReadCheckpoint(ctx)
	if err != nil {
		return time.Time{}, err
	}
	opened, err := note.Open(raw, note.VerifierList(h.verifier))
	if err != nil {
		return time.Time{}, err
	}
	return signedAt(opened.Sigs[0])
}

// signedAt returns the time in the signature of a tree head: milliseconds, after the hash of the key. Upstream's own
// function takes them for microseconds.
func signedAt(signature note.Signature) (time.Time, error) {
	raw, err := base64.StdEncoding.DecodeString(signature.Base64)
	if err != nil || len(raw) < 12 {
		return time.Time{}, errors.New("expected a signature with a time")
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(raw[4:]))), nil
}

// problem returns "" for a log that is well.
func (h *health) problem() string {
	since := func(at *atomic.Int64) time.Duration { return h.now().Sub(time.Unix(0, at.Load())).Round(time.Second) }
	if silent := since(&h.answered); silent > h.patience {
		return fmt.Sprintf("the database has not answered for %v", silent)
	}
	if silent := since(&h.published); h.republishes && silent > h.patience {
		return fmt.Sprintf("no checkpoint was published for %v", silent)
	}
	return ""
}

func (h *health) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if problem := h.problem(); problem != "" {
		http.Error(w, problem, http.StatusServiceUnavailable)
		return
	}
	fmt.Fprint(w, "ok")
}
