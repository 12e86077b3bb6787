package main

import (
	"strings"
	"testing"
)

func TestOneKeyIsNamed(t *testing.T) {
	const kek = "--tink-kek=aws-kms://arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000"
	for want, arguments := range map[string][]string{
		"expected one of":       {},
		"and --tink-kek":        {"--key-file=k", kek, "--tink-keyset=s"},
		"belong together":       {kek},
		"--tink-keyset belong":  {"--key-file=k", "--tink-keyset=s"},
		"--tink-kek: expected ": {"--tink-kek=awskms:///arn", "--tink-keyset=s"},
	} {
		arguments = append(arguments, "--kind=rekor", "--origin="+origin, "--bucket=b")
		if _, err := parseOptions(arguments); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: expected %q, got %v", arguments, want, err)
		}
	}
	mustParse(t, []string{kek, "--tink-keyset=s", "--kind=rekor", "--origin=" + origin, "--bucket=b"})
}
