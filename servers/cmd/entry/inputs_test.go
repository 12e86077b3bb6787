package main

import (
	"errors"
	"strings"
	"testing"
)

func codeOf(err error) int {
	var known *failure
	if errors.As(err, &known) {
		return known.code
	}
	return 0
}

func TestExpand(t *testing.T) {
	expander := newExpander(map[string]string{"A": "${env:B}", "B": "b", "N.-x": "odd"}, map[string]string{"f": "/proc/self/fd/9"})
	for template, want := range map[string]string{
		"":                        "",
		"$":                       "$",
		"$$":                      "$$",
		"cost $5 {x}":             "cost $5 {x}",
		"$${env:B}":               "${env:B}",
		"$$${env:B}":              "$${env:B}",
		"${env:A}":                "${env:B}", // What is put in is not expanded.
		"${env:B}${env:B}":        "bb",
		"a=${file:f},${env:N.-x}": "a=/proc/self/fd/9,odd",
		"ü${env:B}ü":              "übü",
	} {
		if got, err := expander.expand("here", template); err != nil || got != want {
			t.Errorf("%q: expected %q, got %q %v", template, want, got, err)
		}
	}
}

func TestExpandRefuses(t *testing.T) {
	expander := newExpander(map[string]string{"EMPTY": "", "B": "b"}, map[string]string{"f": "/p"})
	for _, template := range []string{
		"${", "${env:B", "${}", "${env:}", "${env}", "${file:}", "${file:g}", "${env:EMPTY}", "${env:NONE}", "${ENV:B}",
		"${nonce:1}", "${env:B }", "${env:${env:B}}", "${secret:B}", "$${x${", "${file:../f}",
	} {
		if got, err := expander.expand("here", template); codeOf(err) != exitUnset || !strings.HasPrefix(err.Error(), "here: ") {
			t.Errorf("%q: expected exit code %d, got %q %v", template, exitUnset, got, err)
		}
	}
}

func TestParseStringsRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "a JSON object",
		"[]":                     "a JSON object",
		"null":                   "a JSON object",
		`"x"`:                    "a JSON object",
		`{"a":"b"`:               "JSON",
		`{"a":"b",}`:             "JSON",
		`{"a":"b"}x`:             "nothing after",
		`{"a":"b"}{}`:            "nothing after",
		`{"a":"b","a":"c"}`:      `"a": expected once`,
		`{"a":"b","\u0061":"c"}`: `"a": expected once`,
		`{"a":null}`:             `"a": expected a JSON string`,
		`{"a":1}`:                `"a": expected a JSON string`,
		`{"a":["b"]}`:            `"a": expected a JSON string`,
		"{\"a\":\"\xff\"}":       "UTF-8",
		`{"a":"` + strings.Repeat("x", maxInput) + `"}`: "at most",
	} {
		if got, err := parseStrings(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: expected an error with %q, got %q %v", text, want, got, err)
		}
	}
	if got, err := parseStrings(` {"a" : "b\n" , "" : "" } `); err != nil || len(got) != 2 || got["a"] != "b\n" {
		t.Errorf("accepts: %q %v", got, err)
	}
}

func TestParseInputsRefuses(t *testing.T) {
	for variable, want := range map[string]string{
		`SIGSTEAD_FILES={"../a":"x"}`:                            `"../a"`,
		`SIGSTEAD_FILES={".a":"x"}`:                              `".a"`,
		`SIGSTEAD_FILES={"a/b":"x"}`:                             `"a/b"`,
		`SIGSTEAD_FILES={"a}":"x"}`:                              `"a}"`,
		`SIGSTEAD_FILES={"` + strings.Repeat("a", 65) + `":"x"}`: "expected a name",
		`SIGSTEAD_ENV={"A=B":"x"}`:                               `"A=B"`,
		`SIGSTEAD_ENV={"":"x"}`:                                  `""`,
		`SIGSTEAD_ENV={"SIGSTEAD_GATE":"x"}`:                     `"SIGSTEAD_GATE"`,
		`SIGSTEAD_GATE={}`:                                       `"kind": expected`,
		`SIGSTEAD_GATE=`:                                         "a JSON object",
		`SIGSTEAD_FILE={}`:                                       "unknown variable",
		`SIGSTEAD_=`:                                             "unknown variable",
		`SIGSTEAD_PKCS11_PIN_FILE=/pin`:                          "unknown variable",
		`SIGSTEAD_PKCS11_ALLOW_EXTRACTABLE=1`:                    "unknown variable",
	} {
		if _, err := parseInputs([]string{"/bin/x"}, []string{variable}); codeOf(err) != exitInput || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: expected exit code %d and %q, got %v", variable, exitInput, want, err)
		}
	}
}

func TestParseInputsRefusesAModuleWithoutPin(t *testing.T) {
	for _, environ := range [][]string{{"SIGSTEAD_PKCS11_MODULE=/m.so"}, {"SIGSTEAD_PKCS11_MODULE=/m.so", "SIGSTEAD_PKCS11_PIN="}} {
		if _, err := parseInputs([]string{"/bin/x"}, environ); codeOf(err) != exitUnset || !strings.Contains(err.Error(), "SIGSTEAD_PKCS11_PIN") {
			t.Errorf("%q: got %v", environ, err)
		}
	}
}

func TestParseInputsRefusesTwoBundles(t *testing.T) {
	_, err := parseInputs([]string{"/bin/x"}, []string{`SIGSTEAD_FILES={"a":""}`, `SIGSTEAD_ENV={"SSL_CERT_FILE":"/x"}`, "SIGSTEAD_EXTRA_ROOTS=a"})
	if codeOf(err) != exitInput || !strings.Contains(err.Error(), "SSL_CERT_FILE") {
		t.Errorf("got %v", err)
	}
}

func TestPrepareWithholdsThePasswordOfTheGate(t *testing.T) {
	inputs := &inputs{
		args: []string{"/bin/x"}, variables: map[string]string{"DATABASE_PASSWORD": "p", "HOME": "/", "AWS_X": "y"},
		gate: &gateConfig{database: databaseConfig{passwordVariable: "DATABASE_PASSWORD"}},
	}
	server, err := inputs.prepare()
	if err != nil || strings.Join(server.environment, " ") != "AWS_X=y HOME=/" {
		t.Errorf("got %v %v", server, err)
	}
}
