package main

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"sigstead.dev/servers/internal/testbed"
	"sigstead.dev/servers/internal/tinkkey"
)

const arn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000"

func TestArgumentsThatAreRefused(t *testing.T) {
	for _, arguments := range [][]string{
		{},
		{"--kek=aws-kms://" + arn, "--keyset=k"},
		{"--kek=" + arn, "--keyset=k", "--public-key=p"},
		{"--kek=awskms:///" + arn, "--keyset=k", "--public-key=p"},
		{"--kek=aws-kms://arn:aws:kms:eu-central-1:111122223333:alias/kek", "--keyset=k", "--public-key=p"},
		{"--kek=aws-kms://" + arn, "--keyset=k", "--public-key=p", "more"},
	} {
		if code, said := execute(arguments...); code != 2 || !strings.Contains(said, "--help") {
			t.Errorf("%q: got %d %s", arguments, code, said)
		}
	}
}

func TestKeyset(t *testing.T) {
	aws := testbed.StartAWS(t)
	made := newKeyset(t, aws.NewKey(t, types.KeySpecSymmetricDefault))
	wrapped, err := os.ReadFile(made.file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(wrapped), `"encryptedKeyset"`) || strings.Contains(string(wrapped), `"value"`) {
		t.Errorf("expected a wrapped keyset, got %s", wrapped)
	}
	if code, said := execute("--kek="+made.kek, "--keyset="+made.file, "--public-key="+made.publicKey); code != 5 {
		t.Errorf("a keyset was written over: %d %s", code, said)
	}
	other, err := tinkkey.ParseKEK("aws-kms://" + aws.NewKey(t, types.KeySpecSymmetricDefault))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tinkkey.Open(context.Background(), other, wrapped); err == nil {
		t.Error("another key opened the keyset")
	}
	for what, key := range map[string]string{"a key that signs": aws.NewKey(t, types.KeySpecEccNistP256), "no key": arn} {
		directory := t.TempDir()
		if code, said := execute("--kek=aws-kms://"+key, "--keyset="+directory+"/k", "--public-key="+directory+"/p"); code != 5 {
			t.Errorf("%s wrapped a keyset: %d %s", what, code, said)
		}
		if left, err := os.ReadDir(directory); err != nil || len(left) > 0 {
			t.Errorf("%s: expected no files, got %v %v", what, left, err)
		}
	}
}
