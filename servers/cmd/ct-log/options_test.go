package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
)

const keyARN = "arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef"

var validArguments = []string{
	"--origin=ct.example.com/2026", "--roots_pem_file=roots.pem", "--signer_kms_key=awskms:///" + keyARN, "--bucket=log",
	"--db_host=database.example.com", "--db_tls_ca=ca.pem", "--db_user=ct", "--db_name=ct", "--antispam_db_name=ct_antispam",
}

func TestParseOptionsAccepts(t *testing.T) {
	options, err := parseOptions(validArguments)
	if err != nil {
		t.Fatal(err)
	}
	if options.key.ARN != keyARN || options.key.Region != "eu-central-1" {
		t.Errorf("key: got %+v", options.key)
	}
	if options.acceptSHA1 || !options.enablePublicationAwaiter || options.antispamCacheSize != 256_000 {
		t.Errorf("defaults: got %+v", options)
	}
	for _, argument := range []string{
		"--signer_kms_key=pkcs11://token=servers;object=ct",
		"--db_host=127.0.0.1 --db_tls_ca=", "--db_host=localhost --db_tls_ca=", "--db_host=::1 --db_tls_ca=",
		"--signer_kms_key=awskms:///arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/mrk-0123456789abcdef0123456789abcdef",
		"--not_after_limit=2027-01-01T00:00:00Z", "--not_after_start=", "--rate_limit_old_not_before=720h:50", "--rate_limit_dedup=-1",
	} {
		if _, err := parseOptions(append(validArguments, strings.Fields(argument)...)); err != nil {
			t.Errorf("accepts %s: %v", argument, err)
		}
	}
}

func TestParseOptionsRefuses(t *testing.T) {
	for argument, want := range map[string]string{
		"--origin=":             "--origin",
		"--roots_pem_file=":     "--roots_pem_file",
		"--signer_kms_key=":     "--signer_kms_key",
		"--bucket=":             "--bucket",
		"--db_host=":            "--db_host",
		"--db_user=":            "--db_user",
		"--db_name=":            "--db_name",
		"--db_port=0":           "port",
		"--antispam_db_name=ct": "two databases",
		// An alias, a bare key id, an alias' ARN, another partition's spelling, an endpoint, one slash too few.
		"--signer_kms_key=awskms:///alias/ct-log":                                                                          "no alias",
		"--signer_kms_key=awskms:///01234567-89ab-cdef-0123-456789abcdef":                                                  "no alias",
		"--signer_kms_key=awskms:///arn:aws:kms:eu-central-1:111122223333:alias/ct-log":                                    "no alias",
		"--signer_kms_key=awskms:///arn:aws-eusc:kms:eusc-de-east-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef": "no alias",
		"--signer_kms_key=awskms://kms.example.com/" + keyARN:                                                              "no endpoint",
		"--signer_kms_key=awskms://" + keyARN:                                                                              "no alias",
		"--signer_kms_key=pkcs11://token=servers;object=ct?pin-value=1234":                                                 "no PIN",
		"--signer_kms_key=" + keyARN:                                                                                       "no alias",
		// Plaintext across a network.
		"--db_tls_ca=":                                 "TLS",
		"--db_tls_ca= --db_host=10.0.0.1":              "TLS",
		"--db_tls_ca= --db_host=localhost.example.com": "TLS",
		"--inmemory_antispam_cache_size=256kB":         "--inmemory_antispam_cache_size",
		"--inmemory_antispam_cache_size=-1":            "--inmemory_antispam_cache_size",
		"--not_after_limit=2027-01-01T00:00:00+01:00":  "UTC",
		"--not_after_start=tomorrow":                   "UTC",
		"--rate_limit_old_not_before=30d:50":           "--rate_limit_old_not_before",
		"--rate_limit_old_not_before=720h":             "--rate_limit_old_not_before",
		// No secret has a flag, and no key is taken from a file or from Secrets Manager.
		"--db_password=x":                    "not defined",
		"--signer_private_key_file=x":        "not defined",
		"--signer_private_key_secret_name=x": "not defined",
		"--roots_remote_fetch_url=x":         "not defined",
		"serve":                              "unexpected argument",
	} {
		_, err := parseOptions(append(validArguments, strings.Fields(argument)...))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error that names %q, got %v", argument, want, err)
		}
	}
}

func TestRunRefusesWithoutPassword(t *testing.T) {
	var stdout, stderr bytes.Buffer
	nothing := func(string) string { return "" }
	if code := run(context.Background(), validArguments, nothing, &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "DATABASE_PASSWORD") {
		t.Errorf("got %d, %s", code, stderr.String())
	}
}

func TestRunPrintsHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	code := run(context.Background(), []string{"--help"}, nil, &stdout, &stderr)
	if code != 0 || stderr.Len() > 0 || !strings.Contains(stdout.String(), "-signer_kms_key") {
		t.Errorf("got %d, %s%s", code, stdout.String(), stderr.String())
	}
}
