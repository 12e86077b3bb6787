package main

import (
	"crypto/x509"
	"encoding/asn1"
	"strings"
	"testing"
	"time"
)

func TestWriters(t *testing.T) {
	root := newAuthority(t, "root", nil)
	old, current := newAuthority(t, "intermediate", root), newAuthority(t, "intermediate", root)
	sibling, stranger := newAuthority(t, "intermediate", root), newAuthority(t, "intermediate", nil)
	ended := newAuthority(t, "ended", root, valid(-2*time.Hour, -time.Hour))
	writers, err := readWriters(pemFile(t, old, current, ended))
	if err != nil {
		t.Fatal(err)
	}
	const foreign = "not of this instance"
	cases := []struct {
		what string
		der  []byte
		want string
	}{
		{"one of this authority", current.issue(t), ""},
		{"one of the authority before", old.issue(t), ""},
		{"one with a username, which Go does not know", current.issue(t, username(t)), ""},
		{"one that begins in a moment, by another clock", current.issue(t, valid(20*time.Second, 10*time.Minute)), ""},
		{"one that ended a moment ago", current.issue(t, valid(-10*time.Minute, -20*time.Second)), ""},
		{"one that ended", current.issue(t, valid(-10*time.Minute, -time.Minute)), "valid from"},
		{"one that has not begun", current.issue(t, valid(time.Minute, 10*time.Minute)), "valid from"},
		{"one of an authority that ended", ended.issue(t), foreign},
		{"one of another authority of the same name", stranger.issue(t), foreign},
		{"one of another authority under the same root", sibling.issue(t), foreign},
		{"one of the root itself", root.issue(t), foreign},
		{"one for servers", current.issue(t, usages(x509.ExtKeyUsageServerAuth)), "signing code"},
		{"one for anything", current.issue(t, usages()), "signing code"},
		{"a precertificate", current.issue(t, extension(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 3}, []byte{5, 0})), foreign},
		{"one with what nobody understands", current.issue(t, extension(asn1.ObjectIdentifier{1, 2, 3, 4}, []byte{5, 0})), foreign},
		{"the authority's own", current.certificate.Raw, "signing code"},
		{"the root's", root.certificate.Raw, "signing code"},
		{"bytes behind its end", append(current.issue(t), 0), "cannot be read"},
		{"PEM", []byte("-----BEGIN CERTIFICATE-----"), "cannot be read"},
		{"nothing", nil, "cannot be read"},
	}
	for _, test := range cases {
		err := writers.check(test.der)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: expected %q, got %v", test.what, test.want, err)
		}
	}
	changed := current.issue(t)
	changed[len(changed)-1] ^= 1
	if err := writers.check(changed); err == nil {
		t.Error("a signature that does not verify was accepted")
	}
}

// The time of every issuer may have ended: the gate starts, and lets nobody in.
func TestNoIssuers(t *testing.T) {
	writers, err := readWriters(textFile(t, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := writers.check(newAuthority(t, "root", nil).issue(t)); err == nil {
		t.Error("a certificate of nobody's was accepted")
	}
}

func TestIssuersRefused(t *testing.T) {
	leaf := &authority{certificate: sign(t, &x509.Certificate{SerialNumber: serial(t)}, newAuthority(t, "root", nil), newKey(t))}
	for what, path := range map[string]string{
		"text":                       textFile(t, "certificates"),
		"a certificate of nobody":    pemFile(t, leaf),
		"one that is no certificate": textFile(t, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		"no file":                    "/nonexistent",
	} {
		if _, err := readWriters(path); err == nil {
			t.Errorf("%s was accepted", what)
		}
	}
}
