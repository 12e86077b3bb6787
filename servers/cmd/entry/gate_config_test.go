package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"maps"
	"strings"
	"testing"
)

const keyARN = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"

// gateMembers are those of a gate that is accepted.
func gateMembers(t *testing.T, kind string, key crypto.PublicKey) map[string]any {
	t.Helper()
	return map[string]any{
		"kind": kind, "origin": "log.example", "key": "awskms:///" + keyARN, "bucket": "tiles",
		"region": "eu-central-1", "records": "records", "shard": "rekor-log2026-1", "publicKeyPem": publicPem(t, key),
		"database": map[string]any{
			"host": "db.example", "port": 3306, "name": "rekor_log2026_1", "user": "rekor_log2026_1",
			"passwordVariable": "DATABASE_PASSWORD", "caFile": "database-ca.pem",
		},
	}
}

func publicPem(t *testing.T, key crypto.PublicKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestParseGateConfigAccepts(t *testing.T) {
	edKey, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	p256 := newKey(t, elliptic.P256()).Public()
	for _, members := range []map[string]any{
		gateMembers(t, "rekor", p256), gateMembers(t, "rekor", edKey), gateMembers(t, "ct", p256),
	} {
		config, err := parseGateConfig(toJSON(t, members))
		if err != nil || config.recordsRegion != "eu-central-1" || config.pathStyle || len(config.keyID) != 64 || config.database.port != 3306 {
			t.Errorf("%v: %+v %v", members, config, err)
		}
	}
	members := gateMembers(t, "ct", p256)
	members["pathStyle"], members["recordsRegion"], members["key"] = true, "eu-west-1", "pkcs11://token=spin-hsm;object=ct"
	if config, err := parseGateConfig(toJSON(t, members)); err != nil || !config.pathStyle || config.recordsRegion != "eu-west-1" || config.signingKey.PlugIn == "" {
		t.Errorf("%+v %v", config, err)
	}
}

func TestParseGateConfigRefuses(t *testing.T) {
	p256 := newKey(t, elliptic.P256()).Public()
	valid := gateMembers(t, "rekor", p256)
	for _, key := range []string{"kind", "origin", "bucket", "region", "records", "shard", "publicKeyPem", "database"} {
		for _, value := range []any{nil, 7, ""} {
			members := maps.Clone(valid)
			members[key] = value
			expectRefusal(t, members, key)
		}
		members := maps.Clone(valid)
		delete(members, key)
		expectRefusal(t, members, key)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for _, wrong := range []struct {
		key   string
		value any
	}{
		{"kind", "trillian"}, {"origin", "log example"}, {"origin", "log+1"}, {"shard", "../x"}, {"shard", "A"}, {"pathStyle", "yes"},
		{"pathStyle", nil}, {"key", ""}, {"recordsRegion", 1},
		{"key", "awskms:///arn:aws:kms:eu-central-1:111122223333:alias/log"}, {"key", keyARN}, {"key", "pkcs11://token=a;object=b;pin-value=1"}, {"keyArn", keyARN}, {"unknown", 1}, {"Kind", "ct"}, {"publicKeyPem", "x"},
		{"publicKeyPem", publicPem(t, p256) + publicPem(t, p256)}, {"publicKeyPem", publicPem(t, rsaKey.Public())},
		{"publicKeyPem", strings.ReplaceAll(publicPem(t, p256), "PUBLIC", "PRIVATE")},
	} {
		members := maps.Clone(valid)
		members[wrong.key] = wrong.value
		expectRefusal(t, members, wrong.key)
	}
	for _, kind := range []string{"rekor", "ct"} {
		expectRefusal(t, gateMembers(t, kind, newKey(t, elliptic.P384()).Public()), "publicKeyPem")
	}
}

func TestParseGateConfigRefusesTheDatabase(t *testing.T) {
	valid := gateMembers(t, "rekor", newKey(t, elliptic.P256()).Public())
	for key, values := range map[string][]any{
		"host": {"", nil, 1}, "port": {0, -1, 65536, "3306", 1.5, nil}, "name": {""}, "user": {""},
		"passwordVariable": {""}, "caFile": {"", nil}, "password": {"x"}, "tls": {false},
	} {
		for _, value := range values {
			nested := maps.Clone(valid["database"].(map[string]any))
			nested[key] = value
			members := maps.Clone(valid)
			members["database"] = nested
			expectRefusal(t, members, key)
		}
	}
}

func expectRefusal(t *testing.T, members map[string]any, want string) {
	t.Helper()
	if _, err := parseGateConfig(toJSON(t, members)); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("expected an error that names %q, got %v", want, err)
	}
}
