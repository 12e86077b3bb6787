package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/transparency-dev/formats/log"
)

const (
	// stateDirectory is where Tessera keeps what is not published.
	stateDirectory = ".state"
	lockTimeout    = 10 * time.Second
)

// directory is a log that Tessera's POSIX storage wrote.
type directory struct{ path string }

func openDirectory(path string) (storage, error) {
	if _, err := os.Stat(filepath.Join(path, stateDirectory)); err != nil {
		return nil, input("name the directory that the server writes to, not a copy of what it serves", "--directory: %w", err)
	}
	return &directory{path}, nil
}

func (d *directory) close() {}

func (d *directory) read(_ context.Context, name string) ([]byte, error) {
	return os.ReadFile(filepath.Join(d.path, filepath.FromSlash(name)))
}

// settled compares the tree that was integrated last: a server that was killed may have got further than it published.
func (d *directory) settled(ctx context.Context, head *log.Checkpoint) error {
	raw, err := d.read(ctx, stateDirectory+"/treeState")
	if err != nil {
		return environment("", "%w", err)
	}
	var tree struct {
		Size uint64 `json:"size"`
		Root []byte `json:"root"`
	}
	if err := json.Unmarshal(raw, &tree); err != nil {
		return environment("", "%s/treeState: %w", stateDirectory, err)
	}
	return compareTrees("the integrated tree", tree.Size, tree.Root, head)
}

// replace takes the lock under which Tessera publishes, so that no checkpoint of a server can come in between.
func (d *directory) replace(ctx context.Context, name string, old, content []byte) error {
	unlock, err := d.lockPublication()
	if err != nil {
		return err
	}
	defer unlock()
	now, err := d.read(ctx, name)
	if err != nil {
		return environment("", "%w", err)
	}
	if !bytes.Equal(now, old) {
		return stillWriting("a new checkpoint was published meanwhile")
	}
	temporary, err := d.writeTemporary(name, content)
	if err != nil {
		return environment("", "%w", err)
	}
	defer os.Remove(temporary)
	if err := os.Rename(temporary, filepath.Join(d.path, name)); err != nil {
		return environment("", "%w", err)
	}
	return d.sync()
}

func (d *directory) create(_ context.Context, name string, content []byte) error {
	unlock, err := d.lockPublication()
	if err != nil {
		return err
	}
	defer unlock()
	temporary, err := d.writeTemporary(name, content)
	if err != nil {
		return environment("", "%w", err)
	}
	defer os.Remove(temporary)
	if err := os.Link(temporary, filepath.Join(d.path, name)); err != nil {
		return environment("another run may have been faster: run this again", "%w", err)
	}
	return d.sync()
}

func (d *directory) lockPublication() (func(), error) {
	file, err := os.OpenFile(filepath.Join(d.path, stateDirectory, "publish.lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, environment("", "%w", err)
	}
	lock := syscall.Flock_t{Type: syscall.F_WRLCK, Whence: io.SeekStart}
	for deadline := time.Now().Add(lockTimeout); ; time.Sleep(50 * time.Millisecond) {
		err := syscall.FcntlFlock(file.Fd(), syscall.F_SETLK, &lock)
		if err == nil {
			return func() { file.Close() }, nil
		}
		held := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EINTR)
		if !held || time.Now().After(deadline) {
			file.Close()
			return nil, environment("stop the server of this log, and run this again", "publish.lock: %w", err)
		}
	}
}

// writeTemporary returns the path of a file that is whole on disk, readable as the checkpoint is.
func (d *directory) writeTemporary(name string, content []byte) (string, error) {
	mode := os.FileMode(0o644)
	if status, err := os.Stat(filepath.Join(d.path, checkpointName)); err == nil {
		mode = status.Mode().Perm()
	}
	file, err := os.CreateTemp(d.path, "."+name+"-")
	if err != nil {
		return "", err
	}
	_, err = file.Write(content)
	if err = errors.Join(err, file.Chmod(mode), file.Sync(), file.Close()); err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

func (d *directory) sync() error {
	file, err := os.Open(d.path)
	if err != nil {
		return environment("", "%w", err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return environment("", "%w", err)
	}
	return nil
}
