package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

// fakeLog publishes when it is told to, with its own key.
type fakeLog struct {
	key        *ecdsa.PrivateKey
	checkpoint []byte
	down       bool
}

func (f *fakeLog) IntegratedSize(context.Context) (uint64, error) {
	if f.down {
		return 0, errors.New("connection refused")
	}
	return 1, nil
}

func (f *fakeLog) ReadCheckpoint(context.Context) ([]byte, error) {
	if f.checkpoint == nil {
		return nil, errors.New("no such object")
	}
	return f.checkpoint, nil
}

// publish signs as a log of RFC 6962 does: over its tree head, whose time is in the signature.
func (f *fakeLog) publish(t *testing.T, at time.Time) {
	t.Helper()
	root := sha256.Sum256([]byte("root"))
	stamp := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))
	head := append(append([]byte{0, 1}, stamp...), binary.BigEndian.AppendUint64(nil, 1)...)
	digest := sha256.Sum256(append(head, root[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, f.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	spelling, err := formats.RFC6962VerifierString(origin, f.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := formats.NewRFC6962Verifier(spelling)
	if err != nil {
		t.Fatal(err)
	}
	signed := binary.BigEndian.AppendUint32(nil, verifier.KeyHash())
	signed = append(append(signed, stamp...), 4, 3)
	signed = append(binary.BigEndian.AppendUint16(signed, uint16(len(signature))), signature...)
	f.checkpoint = fmt.Appendf(nil, "%s\n1\n%s\n\n— %s %s\n", origin, base64.StdEncoding.EncodeToString(root[:]), origin,
		base64.StdEncoding.EncodeToString(signed))
	if _, err := note.Open(f.checkpoint, note.VerifierList(verifier)); err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestHealth(t *testing.T) {
	began := time.Now().Truncate(time.Second)
	cases := []struct {
		what string
		// happens is called after each minute; what it says is true of the log from then on.
		happens     func(log *fakeLog, now time.Time)
		minutes     int
		republish   time.Duration
		wantProblem string
	}{
		{"a log that publishes", func(log *fakeLog, now time.Time) { log.publish(t, now) }, 60, 30 * time.Second, ""},
		{"a failover of its database", func(log *fakeLog, now time.Time) {
			if log.down = now.Sub(began) < 4*time.Minute; !log.down {
				log.publish(t, now)
			}
		}, 60, 30 * time.Second, ""},
		{"a database that is gone", func(log *fakeLog, now time.Time) {
			log.publish(t, now)
			log.down = true
		}, 6, 30 * time.Second, "the database has not answered for 6m0s"},
		{"a log that cannot sign", func(log *fakeLog, _ time.Time) { log.publish(t, began) }, 6, 30 * time.Second, "no checkpoint was published for 6m0s"},
		{"a log that never published", func(*fakeLog, time.Time) {}, 6, 30 * time.Second, "no checkpoint was published for 6m0s"},
		{"a checkpoint of another key", func(log *fakeLog, now time.Time) {
			other := &fakeLog{key: newKey(t)}
			other.publish(t, now)
			log.checkpoint = other.checkpoint
		}, 6, 30 * time.Second, "no checkpoint was published for 6m0s"},
		{"a log that seldom publishes", func(*fakeLog, time.Time) {}, 9, time.Minute, ""},
		{"a log that publishes nothing but news", func(*fakeLog, time.Time) {}, 60, 0, ""},
	}
	for _, test := range cases {
		t.Run(test.what, func(t *testing.T) {
			log, now := &fakeLog{key: newKey(t)}, began
			h, err := newHealth(&options{origin: origin, checkpointRepublishInterval: test.republish}, log.key.Public(), log)
			if err != nil {
				t.Fatal(err)
			}
			h.now = func() time.Time { return now }
			h.begin()
			for range test.minutes {
				now = now.Add(time.Minute)
				test.happens(log, now)
				h.look(context.Background())
			}
			answer := httptest.NewRecorder()
			h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, healthPath, nil))
			want := map[bool]int{true: http.StatusOK, false: http.StatusServiceUnavailable}[test.wantProblem == ""]
			if answer.Code != want || test.wantProblem != "" && strings.TrimSpace(answer.Body.String()) != test.wantProblem {
				t.Errorf("expected %d %q, got %d %s", want, test.wantProblem, answer.Code, answer.Body)
			}
		})
	}
}
