// Command entry starts the server of a container that has nothing in it but the server.
//
// It hands configuration over as sealed files in memory, expands ${…} in arguments and environment, adds roots to the
// CA bundle, and lets a log server start only if its key is the log's and its database still extends what the log has
// published. Then it becomes the server.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"syscall"
)

const help = `entry prepares what a server reads, and becomes it.

USAGE
  entry PROGRAM [ARGUMENT…]
  entry health http://127.0.0.1:PORT/PATH

PROGRAM is an absolute path. In each ARGUMENT ${file:NAME}, ${env:NAME} and ${nonce} are expanded; $${ is a literal ${.
health asks a server of this container once, for a few seconds at most: 0 if it answers 200, else 1. It reads no variable.

ENVIRONMENT
  SIGSTEAD_FILES        JSON object {name: content}: files that exist in memory only
  SIGSTEAD_ENV          JSON object {name: template}: variables of the server
  SIGSTEAD_EXTRA_ROOTS  the name of a file whose certificates are added to the CA bundle
  SIGSTEAD_GATE         JSON object: the log whose key, bucket and database have to be those on record before its server
                        may start; the key is asked for its public half, in KMS or in the HSM
  SIGSTEAD_PKCS11_PIN   PIN of the HSM: the server finds it in the file that SIGSTEAD_PKCS11_PIN_FILE names

EXAMPLES
  SIGSTEAD_FILES='{"config.yaml":"…"}' entry /bin/fulcio serve '--config-path=${file:config.yaml}'
  entry health http://127.0.0.1:5555/healthz

EXIT CODES
  64 usage · 65 a SIGSTEAD_ variable is not valid · 70 the gate refuses: do not try again · 75 key, database or bucket
  not reachable · 78 a reference to what is not set; every other code is the server's
`

func main() {
	// The kernel ties "end the child with its parent" to the thread that started the child.
	runtime.LockOSThread()
	os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run returns only if the server did not take over this process.
func run(args, environ []string, stdout, stderr io.Writer) int {
	if len(args) == 1 && args[0] == "--help" {
		fmt.Fprint(stdout, help)
		return 0
	}
	if len(args) > 0 && args[0] == healthWord {
		return checkHealth(args[1:], stderr)
	}
	code, err := start(args, environ)
	if err != nil {
		return report(stderr, err)
	}
	return code
}

func start(args, environ []string) (int, error) {
	inputs, err := parseInputs(args, environ)
	if err != nil {
		return 0, err
	}
	gate, err := inputs.openGate()
	if err != nil {
		return 0, err
	}
	if err := inputs.sealPin(); err != nil {
		return 0, err
	}
	server, err := inputs.prepare()
	if err != nil {
		return 0, err
	}
	if gate != nil {
		defer gate.close()
		first, err := gate.check()
		if err != nil {
			return 0, err
		}
		if first {
			return runFirst(server, gate)
		}
		gate.close()
	}
	return 0, server.exec()
}

// server is what is left to do: a program with its arguments and its whole environment.
type server struct {
	argv        []string
	environment []string
}

func (s *server) exec() error {
	return s.unusable(syscall.Exec(s.argv[0], s.argv, s.environment))
}

func (s *server) unusable(err error) error {
	return &failure{code: exitUsage, message: fmt.Sprintf("%s: %v", s.argv[0], err), hint: "name a program of this image by its absolute path"}
}

func report(stderr io.Writer, err error) int {
	var known *failure
	if !errors.As(err, &known) {
		known = &failure{code: exitEnvironment, message: err.Error()}
	}
	fmt.Fprintf(stderr, "entry: error: %s\n", known.message)
	if known.hint != "" {
		fmt.Fprintf(stderr, "entry: hint: %s\n", known.hint)
	}
	return known.code
}
