//go:build cgo

// Command sigstore-kms-pkcs11 signs for Fulcio, the timestamp authority and the CT log with a key in an HSM.
//
// It is a plug-in of sigstore's KMS interface: a server that is given a key pkcs11://REFERENCE finds this program on its
// PATH and starts it anew for each call, with the call as JSON in an argument. So the C code of an HSM's maker runs in
// no server, and one that hangs or crashes takes one call with it.
package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/common"
	"github.com/sigstore/sigstore/pkg/signature/kms/cliplugin/handler"
	"golang.org/x/sys/unix"
)

const program = "sigstore-kms-pkcs11"

// patience is how long an HSM may take where the server sets no deadline: without one, a module that hangs would pile up
// a process for each request.
const patience = 30 * time.Second

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--help" {
		fmt.Print(help)
		os.Exit(0)
	}
	stdout, err := privateStdout()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: error: %v\n", program, err)
		os.Exit(1)
	}
	if len(os.Args) == 3 && os.Args[1] == publicKeyCommand {
		os.Exit(printPublicKey(os.Args[2], stdout, os.Stderr))
	}
	os.Exit(run(os.Args, os.Stdin, stdout, os.Stderr))
}

// privateStdout returns what was the standard output, and puts the standard error in its place: the code of the module
// may print, and the answer must be alone on stdout.
func privateStdout() (*os.File, error) {
	descriptor, err := unix.FcntlInt(uintptr(unix.Stdout), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, fmt.Errorf("stdout: %w", err)
	}
	if err := unix.Dup2(unix.Stderr, unix.Stdout); err != nil {
		return nil, fmt.Errorf("stdout: %w", err)
	}
	return os.NewFile(uintptr(descriptor), "stdout"), nil
}

// run answers one call and returns the exit code. The caller looks at the answer only, and some keep what it says to
// themselves: so an error is also written to stderr, which is the server's.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	call, err := parseCall(args)
	var response *common.PluginResp
	if err == nil {
		stop := endAt(deadlineOf(call, time.Now().Add(patience)), stdout, stderr)
		response, err = answer(call, stdin)
		// Whoever stops it first answers.
		stop()
	}
	if err != nil {
		response = &common.PluginResp{ErrorMessage: err.Error()}
	}
	return write(response, stdout, stderr)
}

func write(response *common.PluginResp, stdout, stderr io.Writer) int {
	if response.ErrorMessage != "" {
		fmt.Fprintf(stderr, "%s: error: %s\n", program, response.ErrorMessage)
	}
	if err := handler.WriteResponse(stdout, response); err != nil {
		fmt.Fprintf(stderr, "%s: error: no answer could be written: %v\n", program, err)
		return 1
	}
	if response.ErrorMessage != "" {
		return 1
	}
	return 0
}

// endAt ends the process at the deadline: a call into the module cannot be interrupted. The caller calls the function that
// it returns before it answers itself.
func endAt(deadline time.Time, stdout, stderr io.Writer) (stop func()) {
	timer := time.AfterFunc(time.Until(deadline), func() {
		err := refuse("see whether the HSM answers other programs", "the HSM did not answer in time")
		os.Exit(write(&common.PluginResp{ErrorMessage: err.Error()}, stdout, stderr))
	})
	return func() {
		if !timer.Stop() {
			select {}
		}
	}
}

func answer(call *common.PluginArgs, stdin io.Reader) (*common.PluginResp, error) {
	var opened *token
	defer func() { opened.close() }()
	find := func() (*key, error) {
		found, err := openKey(call.InitOptions.KeyResourceID)
		if err != nil {
			return nil, err
		}
		opened = found.token
		return found, nil
	}
	return handler.Dispatch(io.Discard, stdin, call, signer{key: find, hash: call.InitOptions.HashFunc})
}

// openKey opens the key of a reference, by what the environment says. The caller closes its token.
func openKey(text string) (*key, error) {
	wanted, err := parseReference(text)
	if err != nil {
		return nil, err
	}
	with, err := readSettings(os.Getenv)
	if err != nil {
		return nil, err
	}
	opened, err := openToken(wanted, with)
	if err != nil {
		return nil, err
	}
	found, err := opened.findKey(wanted, with.allowExtractable)
	if err != nil {
		opened.close()
		return nil, err
	}
	return found, nil
}
