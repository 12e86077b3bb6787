package testbed

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TokenKey is the address of the key that MakeToken makes.
const TokenKey = "pkcs11://token=servers;object=ct"

const (
	softHSM  = "/usr/lib/softhsm/libsofthsm2.so"
	tokenPIN = "246813"
)

// MakeToken makes a token of SoftHSM with the key of a log, and has this process find the plug-in and the token. Skips the
// test where something for that is not installed.
func MakeToken(t *testing.T) {
	t.Helper()
	for _, needed := range []string{softHSM, "/usr/bin/softhsm2-util", "/usr/bin/pkcs11-tool", "/usr/bin/cc"} {
		if _, err := os.Stat(needed); err != nil {
			t.Skipf("NOT TESTED: a log with its key in a token, since SoftHSM 2, OpenSC or a C compiler is not installed: %v", err)
		}
	}
	directory := t.TempDir()
	configuration := "directories.tokendir = " + directory + "\nobjectstore.backend = file\nlog.level = ERROR\n"
	t.Setenv("SOFTHSM2_CONF", write(t, directory, "softhsm2.conf", []byte(configuration)))
	execute(t, nil, "softhsm2-util", "--init-token", "--free", "--label", "servers", "--pin", tokenPIN, "--so-pin", "12345678")
	execute(t, nil, "pkcs11-tool", "--module", softHSM, "--token-label", "servers", "--login", "--pin", tokenPIN,
		"--keypairgen", "--key-type", "EC:prime256v1", "--label", "ct", "--id", "03")
	plugIn := filepath.Join(directory, "sigstore-kms-pkcs11")
	execute(t, append(os.Environ(), "CGO_ENABLED=1"), "go", "build", "-o", plugIn, "sigstead.dev/servers/cmd/sigstore-kms-pkcs11")
	t.Setenv("PATH", directory+":"+os.Getenv("PATH"))
	t.Setenv("SIGSTEAD_PKCS11_MODULE", softHSM)
	t.Setenv("SIGSTEAD_PKCS11_PIN_FILE", write(t, directory, "pin", []byte(tokenPIN)))
}

func execute(t *testing.T, environment []string, name string, args ...string) {
	t.Helper()
	command := exec.Command(name, args...)
	command.Env = environment
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, output)
	}
}
