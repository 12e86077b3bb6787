package main

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// seals of a file that nobody changes any more, the server that reads it included.
const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// sealedFile returns the path of a file in memory that the program which is started next inherits and can only read.
// Its file system is read-only, and an empty volume could be written by whoever gets into the container.
func sealedFile(name string, content []byte) (string, error) {
	// Without CLOEXEC: it has to survive exec. It is no os.File, whose finalizer would close it before that.
	file, err := unix.MemfdCreate(name, unix.MFD_ALLOW_SEALING|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) { // Linux before 6.3
		file, err = unix.MemfdCreate(name, unix.MFD_ALLOW_SEALING)
	}
	if err != nil {
		return "", unavailable("memfd_create "+name, err)
	}
	for rest := content; len(rest) > 0; {
		written, err := unix.Write(file, rest)
		if err != nil {
			return "", unavailable("write "+name, err)
		}
		rest = rest[written:]
	}
	if err := unix.Fchmod(file, 0o400); err != nil {
		return "", unavailable("chmod "+name, err)
	}
	if _, err := unix.FcntlInt(uintptr(file), unix.F_ADD_SEALS, seals); err != nil {
		return "", unavailable("seal "+name, err)
	}
	return fmt.Sprintf("/proc/self/fd/%d", file), nil
}
