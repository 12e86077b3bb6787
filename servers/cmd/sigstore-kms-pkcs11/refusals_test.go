//go:build cgo

package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sigstore/sigstore/pkg/cryptoutils"
	"github.com/sigstore/sigstore/pkg/signature/options"
)

func TestRefusesWrongPin(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("one")
	t.Setenv(pinFileVariable, "")
	t.Setenv(pinVariable, "999999")
	_, err := open(t, "token=one;object=any").PublicKey()
	if err == nil || !strings.Contains(err.Error(), "wrong PIN; it") || strings.Contains(err.Error(), "999999") {
		t.Errorf("expected to refuse the PIN without showing it, got %v", err)
	}
}

// The module of the toolkit's own tests counts wrong PINs, which SoftHSM does not.
func TestTriesAPinOnce(t *testing.T) {
	module, state := compile(t, "../../../test/support/pkcs11-test-module.c")
	usePlugin(t, module)
	t.Setenv(pinFileVariable, "")
	t.Setenv(pinVariable, "999999")
	for _, refused := range []struct {
		state string
		want  string
		calls string
	}{
		{"tries 3\n", "wrong PIN; it counts wrong ones, and more than one try is left", "C_Login 1 pin\n"},
		{"tries 2\n", "wrong PIN; one more wrong one locks it", "C_Login 1 pin\n"},
		{"tries 1\n", "wrong PIN; it is locked now", "C_Login 1 pin\n"},
		{"flags 2040c\n", "the last try is not spent by a program", ""},
		{"flags 4040c\n", "its PIN is locked", ""},
		{"login a4\n", "its PIN is locked", "C_Login 1 pin\n"},
		{"login a3\n", "no login: pkcs11: 0xA3: CKR_PIN_EXPIRED", "C_Login 1 pin\n"},
		{"absent 1\n", `no token "testing"; present: none`, ""},
	} {
		if os.WriteFile(state, []byte(refused.state), 0o600) != nil || os.WriteFile(state+".log", nil, 0o600) != nil {
			t.Fatal("the state cannot be written")
		}
		_, err := open(t, "token=testing;object=key").PublicKey()
		if err == nil || !strings.Contains(err.Error(), refused.want) {
			t.Errorf("%q: expected an error that says %q, got %v", refused.state, refused.want, err)
		}
		if calls, _ := os.ReadFile(state + ".log"); string(calls) != refused.calls {
			t.Errorf("%q: expected the calls %q, got %q", refused.state, refused.calls, calls)
		}
	}
}

func TestBadModules(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("one")
	hsm.keyPair("one", "key", "01", "--key-type", "EC:prime256v1")
	module, _ := compile(t, "testdata/bad-module.c")
	t.Setenv(moduleVariable, module)
	key := open(t, "token=one;object=key")
	sign := func() error {
		soon, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_, err := key.SignMessage(strings.NewReader("a message"), options.WithContext(soon))
		return err
	}
	for mode, want := range map[string]string{"flip": "does not verify with its public key", "crash": "parsing plugin response"} {
		t.Setenv("BAD_MODULE", mode)
		if err := sign(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error that says %q, got %v", mode, want, err)
		}
	}
	for _, mode := range []string{"", "print"} {
		t.Setenv("BAD_MODULE", mode)
		if err := sign(); err != nil {
			t.Errorf("%q: %v", mode, err)
		}
	}
}

func TestEndsAtTheDeadline(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("one")
	hsm.keyPair("one", "key", "01", "--key-type", "EC:prime256v1")
	module, _ := compile(t, "testdata/bad-module.c")
	t.Setenv(moduleVariable, module)
	t.Setenv("BAD_MODULE", "hang")
	deadline := time.Now().Add(time.Second).Format(time.RFC3339Nano)
	request := `{"initOptions":{"protocolVersion":"v1","keyResourceID":"token=one;object=key","hashFunc":5},"methodName":"signMessage",` +
		`"signMessage":{"signOptions":{"rpcOptions":{"ctxDeadline":"` + deadline + `"},"messageOptions":{}}}}`
	stdout, stderr, code := call(t, "v1", request)
	if code != 1 || !strings.Contains(stdout, "did not answer in time") || !strings.Contains(stderr, "did not answer in time") {
		t.Errorf("expected it to end, got %d, %s, %s", code, stdout, stderr)
	}
}

func TestRefusesModules(t *testing.T) {
	text := filepath.Join(t.TempDir(), "text.so")
	if err := os.WriteFile(text, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	libc, _ := filepath.Glob("/lib/*/libm.so.6")
	for _, module := range append([]string{text}, libc...) {
		usePlugin(t, module)
		if _, err := open(t, "token=one;object=key").PublicKey(); err == nil || !strings.Contains(err.Error(), "cannot be loaded") {
			t.Errorf("%s: expected it to be refused, got %v", module, err)
		}
	}
}

func TestRefusesCalls(t *testing.T) {
	usePlugin(t, "/missing.so")
	good := `{"initOptions":{"protocolVersion":"v1","keyResourceID":"token=t;object=o","hashFunc":5},`
	for _, refused := range []struct {
		args []string
		want string
	}{
		{nil, "got 0 arguments"},
		{[]string{"v1"}, "got 1 arguments"},
		{[]string{"v2", "{}"}, `expected version v1 of the protocol, got \"v2\"`},
		{[]string{"v1", "no JSON"}, "no JSON document"},
		{[]string{"v1", "{}"}, "lacks initOptions"},
		{[]string{"v1", `{"methodName":"publicKey","publicKey":{"publicKeyOptions":{}}}`}, "lacks initOptions"},
		{[]string{"v1", good + `"methodName":"publicKey"}`}, "lacks"},
		{[]string{"v1", good + `"methodName":"publicKey","publicKey":{}}`}, "lacks"},
		{[]string{"v1", good + `"methodName":"signMessage","signMessage":{}}`}, "lacks"},
		{[]string{"v1", good + `"methodName":"verifySignature"}`}, "lacks"},
		{[]string{"v1", good + `"methodName":"createKey"}`}, "lacks"},
		{[]string{"v1", good + `"methodName":"export"}`}, "unsupported method: export"},
		{[]string{"v1", good + `"methodName":"publicKey","publicKey":{"publicKeyOptions":{"rpcOptions":{"keyVersion":"2"}}}}`}, "no version of the key"},
		{[]string{"v1", good + `"methodName":"publicKey","publicKey":{"publicKeyOptions":{}}}`}, "/missing.so: no such file"},
	} {
		stdout, stderr, code := call(t, refused.args...)
		if code != 1 || !strings.Contains(stdout, refused.want) || !strings.HasPrefix(stdout, `{"errorMessage":`) {
			t.Errorf("%q: expected an answer that says %q, got %d, %s", refused.args, refused.want, code, stdout)
		}
		// Fulcio and the TSA drop the answer to a question for the key: stderr is where an operator finds it.
		if !strings.HasPrefix(stderr, program+": error: ") {
			t.Errorf("%q: expected an error on stderr, got %q", refused.args, stderr)
		}
	}
}

func TestPrintsAProvenPublicKey(t *testing.T) {
	hsm := newSoftHsm(t)
	hsm.token("one")
	hsm.keyPair("one", "key", "01", "--key-type", "EC:secp384r1")
	hsm.keyPair("one", "other", "02", "--key-type", "EC:secp384r1")
	stdout, _, code := call(t, "public-key", "pkcs11://token=one;object=key")
	want, err := open(t, "token=one;object=key").PublicKey()
	got, parsed := cryptoutils.UnmarshalPEMToPublicKey([]byte(stdout))
	if code != 0 || err != nil || parsed != nil || cryptoutils.EqualKeys(want, got) != nil {
		t.Errorf("expected the public key, got %d, %s", code, stdout)
	}
	// The halves of two keys, under one id.
	hsm.tool("one", "--delete-object", "--type", "pubkey", "--id", "01")
	hsm.tool("one", "--set-id", "01", "--type", "pubkey", "--id", "02")
	for address, want := range map[string]string{
		"pkcs11://token=one;object=key":     "does not verify with its public key",
		"pkcs11:token=one;object=key":       "expected pkcs11://",
		"pkcs11://token=one;object=missing": "no private key",
	} {
		stdout, stderr, code := call(t, "public-key", address)
		if code != 1 || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: expected an error that says %q, got %d, %s, %s", address, want, code, stdout, stderr)
		}
	}
}

// compile makes a module of a C file; its state is what the toolkit's own test module reads.
func compile(t *testing.T, source string) (module, state string) {
	t.Helper()
	directory := t.TempDir()
	module, state = filepath.Join(directory, "module.so"), filepath.Join(directory, "state")
	output, err := exec.Command("gcc", "-shared", "-fPIC", `-DSTATE_FILE="`+state+`"`, "-o", module, source, "-ldl").CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", source, err, output)
	}
	return module, state
}
