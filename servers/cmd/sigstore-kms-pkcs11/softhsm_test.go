//go:build cgo

package main

import (
	"bytes"
	"context"
	"crypto"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/miekg/pkcs11"
	"github.com/sigstore/sigstore/pkg/signature/kms"
)

const (
	userPin  = "123456"
	asPlugin = "SIGSTEAD_TEST_AS_PLUGIN"
)

// TestMain is the plug-in itself where the tests start this program as one.
func TestMain(m *testing.M) {
	if os.Getenv(asPlugin) != "" {
		main()
	}
	os.Exit(m.Run())
}

// softHsm has tokens in a directory of their own.
type softHsm struct {
	t      *testing.T
	module string
}

// newSoftHsm makes it the one of this process and of the plug-ins that it starts. Skips where it is not installed.
func newSoftHsm(t *testing.T) softHsm {
	t.Helper()
	module := "/usr/lib/softhsm/libsofthsm2.so"
	for _, needed := range []string{module, "/usr/bin/softhsm2-util", "/usr/bin/pkcs11-tool"} {
		if _, err := os.Stat(needed); err != nil {
			t.Skipf("NOT TESTED: the plug-in with a token, since SoftHSM 2 or OpenSC is not installed: %v", err)
		}
	}
	directory := t.TempDir()
	configuration := filepath.Join(directory, "softhsm2.conf")
	content := "directories.tokendir = " + directory + "\nobjectstore.backend = file\nlog.level = ERROR\n"
	if err := os.WriteFile(configuration, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SOFTHSM2_CONF", configuration)
	usePlugin(t, module)
	return softHsm{t, module}
}

// usePlugin puts the plug-in on PATH, with a module and the PIN.
func usePlugin(t *testing.T, module string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := t.TempDir()
	if err := os.Symlink(self, filepath.Join(programs, program)); err != nil {
		t.Fatal(err)
	}
	pin := filepath.Join(programs, "pin")
	if err := os.WriteFile(pin, []byte(userPin+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pinVariable, extractableVariable, exclusiveVariable} {
		t.Setenv(name, "")
	}
	t.Setenv("PATH", programs+":"+os.Getenv("PATH"))
	t.Setenv(asPlugin, "1")
	t.Setenv(moduleVariable, module)
	t.Setenv(pinFileVariable, pin)
}

func (hsm softHsm) token(label string) {
	hsm.run("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", userPin, "--so-pin", "12345678")
}

// tool does something as the user of a token.
func (hsm softHsm) tool(token string, args ...string) {
	hsm.run("pkcs11-tool", append([]string{"--module", hsm.module, "--token-label", token, "--login", "--pin", userPin}, args...)...)
}

func (hsm softHsm) keyPair(token, label, id string, more ...string) {
	hsm.tool(token, append([]string{"--keypairgen", "--label", label, "--id", id}, more...)...)
}

// generate makes a key with attributes that pkcs11-tool does not set.
func (hsm softHsm) generate(label, object string, private ...*pkcs11.Attribute) {
	hsm.t.Helper()
	opened := &token{}
	defer opened.close()
	if err := opened.load(hsm.module); err != nil {
		hsm.t.Fatal(err)
	}
	slot, _, err := opened.findSlot(reference{token: label})
	if err != nil {
		hsm.t.Fatal(err)
	}
	session, err := opened.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION|pkcs11.CKF_RW_SESSION)
	if err != nil || opened.module.Login(session, pkcs11.CKU_USER, userPin) != nil {
		hsm.t.Fatal("no session")
	}
	public := append(named(object, []byte(object)), pkcs11.NewAttribute(pkcs11.CKA_EC_PARAMS, algorithms[0].params))
	kept := append(named(object, []byte(object)), pkcs11.NewAttribute(pkcs11.CKA_TOKEN, true))
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_EC_KEY_PAIR_GEN, nil)}
	if _, _, err := opened.module.GenerateKeyPair(session, mechanism, public, append(kept, private...)); err != nil {
		hsm.t.Fatal(err)
	}
}

func (hsm softHsm) run(name string, args ...string) {
	hsm.t.Helper()
	if output, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		hsm.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, output)
	}
}

// open returns the key as a server has it: by sigstore's own client of plug-ins.
func open(t *testing.T, reference string) kms.SignerVerifier {
	t.Helper()
	key, err := kms.Get(context.Background(), "pkcs11://"+reference, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// call starts the plug-in and returns its answer, what it said and its exit code.
func call(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, said bytes.Buffer
	command := exec.Command(program, args...)
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	if _, isExit := err.(*exec.ExitError); err != nil && !isExit {
		t.Fatal(err)
	}
	return out.String(), said.String(), command.ProcessState.ExitCode()
}
