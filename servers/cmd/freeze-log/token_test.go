package main

import (
	"context"
	"testing"

	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/logkey"
	"sigstead.dev/servers/internal/testbed"
)

func TestFreezeCTWithItsKeyInAToken(t *testing.T) {
	testbed.MakeToken(t)
	reference, err := kmskey.ParseReference(testbed.TokenKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := kmskey.Open(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	log := &testLog{directory: t.TempDir(), kind: logkey.CT, key: key}
	log.submit(t, testbed.NewIssuer(t), 3)
	arguments := []string{"--kind=ct", "--origin=" + origin, "--directory=" + log.directory, "--kms-key=" + testbed.TokenKey, "--quiet-period=0s"}
	document := frozenOutcome(t, execute(t, arguments))
	tree, rest := opened(t, log.read(t, "frozen"), rekorVerifier(t, key.Public()))
	if tree.Size != 3 || rest != "Log frozen — "+document.FrozenAt+"\n" {
		t.Errorf("got %+v %q", tree, rest)
	}
}
