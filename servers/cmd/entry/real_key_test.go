package main

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"sigstead.dev/servers/internal/kmskey"
)

func TestGateComparesTheKeyInKMS(t *testing.T) {
	l := newRealLog(t, "keyed")
	own, other, wide := newKMSKey(t, types.KeySpecEccNistP256), newKMSKey(t, types.KeySpecEccNistP256), newKMSKey(t, types.KeySpecEccNistP384)
	reference, err := kmskey.ParseARN(own)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := kmskey.Open(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	gateWith := func(arn string) map[string]string {
		members, err := parseObject(l.variables[gateVariable])
		if err != nil {
			t.Fatal(err)
		}
		members["keyArn"], members["publicKeyPem"] = []byte(toJSON(t, arn)), []byte(toJSON(t, publicPem(t, signer.Public())))
		return map[string]string{gateVariable: toJSON(t, members)}
	}
	l.expectExit("another key", gateWith(other), exitRefused, "the gate refuses to start the log: expected the key ", "#gate-key-differs")
	l.expectExit("a key of another kind", gateWith(wide), exitRefused, "expected a key for ECDSA_SHA_256", "#gate-key-differs")
	l.expectExit("no such key", gateWith(strings.Replace(keyARN, "111122223333", "000000000000", 1)), exitEnvironment, "the log's key", "entry: hint:")
	if keys := l.keys(l.name + "-records"); len(keys) > 0 {
		t.Errorf("expected nothing on record, got %q", keys)
	}
	// The server of this test signs with a key of its own, so it is the checkpoint that is refused: the key was accepted.
	l.expectExit("the log's key", gateWith(own), exitRefused, "#gate-foreign-checkpoint")
}

func newKMSKey(t *testing.T, spec types.KeySpec) string {
	t.Helper()
	settings, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	made, err := kms.NewFromConfig(settings).CreateKey(context.Background(), &kms.CreateKeyInput{KeySpec: spec, KeyUsage: types.KeyUsageTypeSignVerify})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(made.KeyMetadata.Arn)
}
