package main

import (
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// isExclusive says whether one call at a time may be in the module. SoftHSM rewrites a file of the token at each login, and
// a process that reads it meanwhile takes the token for a new one (softhsm/SoftHSMv2#757). An HSM with few sessions may
// want it too.
func isExclusive(module, wanted string) bool {
	return wanted == "1" || strings.Contains(filepath.Base(module), "softhsm")
}

// waitForTurn returns once no other process of this machine has the module to itself. Its lock goes with the process,
// whatever ends it. The deadline of the call is that of the waiting too.
func waitForTurn(module string) (*os.File, error) {
	file, err := os.Open(module)
	if err != nil {
		return nil, refuse("it must be readable for the user of the server", "%s", moduleVariable).because(err)
	}
	for {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX)
		if err == nil {
			return file, nil
		}
		if err != unix.EINTR {
			file.Close()
			return nil, refuse("put the module on a local file system", "%s: no lock on %s", moduleVariable, module).because(err)
		}
	}
}
