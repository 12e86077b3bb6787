package main

import (
	"context"
	"crypto"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"sigstead.dev/servers/internal/kmskey"
	"sigstead.dev/servers/internal/testbed"
)

func TestGateComparesTheKeyInKMS(t *testing.T) {
	l := newRealLog(t, "keyed")
	own, other, wide := newKMSKey(t, types.KeySpecEccNistP256), newKMSKey(t, types.KeySpecEccNistP256), newKMSKey(t, types.KeySpecEccNistP384)
	reference, err := kmskey.ParseReference("awskms:///" + own)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := kmskey.Open(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	l.expectExit("another key", l.gateWith(signer.Public(), "awskms:///"+other), exitRefused, "the gate refuses to start the log: expected the key ", "#gate-key-differs")
	l.expectExit("a key of another kind", l.gateWith(signer.Public(), "awskms:///"+wide), exitRefused, "expected a key for ECDSA_SHA_256", "#gate-key-differs")
	l.expectExit("no such key", l.gateWith(signer.Public(), "awskms:///"+strings.Replace(keyARN, "111122223333", "000000000000", 1)), exitEnvironment, "the log's key", "entry: hint:")
	if keys := l.keys(l.name + "-records"); len(keys) > 0 {
		t.Errorf("expected nothing on record, got %q", keys)
	}
	// The server of this test signs with a key of its own, so it is the checkpoint that is refused: the key was accepted.
	l.expectExit("the log's key", l.gateWith(signer.Public(), "awskms:///"+own), exitRefused, "#gate-foreign-checkpoint")
}

func TestGateComparesTheKeyInAToken(t *testing.T) {
	l := newRealLog(t, "tokened")
	testbed.MakeToken(t)
	reference, err := kmskey.ParseReference(testbed.TokenKey)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := kmskey.Open(context.Background(), reference)
	if err != nil {
		t.Fatal(err)
	}
	pin, err := os.ReadFile(os.Getenv(pinFileVariable))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"PATH", "SOFTHSM2_CONF", moduleVariable} {
		l.variables[name] = os.Getenv(name)
	}
	l.variables[pinVariable] = string(pin)
	l.expectExit("another key of the same name", l.gateWith(l.key.Public(), testbed.TokenKey), exitRefused, "expected the key ", ", got the key ", "#gate-key-differs")
	l.expectExit("no such key", l.gateWith(signer.Public(), "pkcs11://token=servers;object=other"), exitEnvironment, `no private key object="other"`)
	wrong := l.gateWith(signer.Public(), testbed.TokenKey)
	wrong[pinVariable] = "111111"
	l.expectExit("a wrong PIN", wrong, exitEnvironment, "wrong PIN")
	if keys := l.keys(l.name + "-records"); len(keys) > 0 {
		t.Errorf("expected nothing on record, got %q", keys)
	}
	l.expectExit("the log's key", l.gateWith(signer.Public(), testbed.TokenKey), exitRefused, "#gate-foreign-checkpoint")
}

// gateWith names the key of the server, and what the log's is.
func (l *realLog) gateWith(public crypto.PublicKey, key string) map[string]string {
	l.t.Helper()
	members, err := parseObject(l.variables[gateVariable])
	if err != nil {
		l.t.Fatal(err)
	}
	members["key"], members["publicKeyPem"] = []byte(toJSON(l.t, key)), []byte(toJSON(l.t, publicPem(l.t, public)))
	return map[string]string{gateVariable: toJSON(l.t, members)}
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
