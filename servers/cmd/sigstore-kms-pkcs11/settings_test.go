package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// writer returns a function that writes a file into a directory of the test, and a PKCS#11 module that is none.
func writer(t *testing.T) (file func(name, content string, mode os.FileMode) string, module string) {
	directory := t.TempDir()
	file = func(name, content string, mode os.FileMode) string {
		path := filepath.Join(directory, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return file, file("module.so", "", 0o644)
}

func TestReadSettingsAccepts(t *testing.T) {
	file, module := writer(t)
	for name, good := range map[string]map[string]string{
		"a PIN in a file":             {moduleVariable: module, pinFileVariable: file("good", "654321\n", 0o600)},
		"a PIN in a file without end": {moduleVariable: module, pinFileVariable: file("bare", "654321", 0o400)},
		"a PIN":                       {moduleVariable: module, pinVariable: "654321"},
	} {
		got, err := readSettings(func(name string) string { return good[name] })
		if err != nil || got != (settings{module: module, pin: "654321"}) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestReadSettingsRefuses(t *testing.T) {
	file, module := writer(t)
	pipe := filepath.Join(filepath.Dir(module), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, refused := range []struct {
		environment map[string]string
		want        string
	}{
		{map[string]string{pinVariable: "654321"}, moduleVariable + ": expected the absolute path"},
		{map[string]string{moduleVariable: "libsofthsm2.so", pinVariable: "654321"}, `got "libsofthsm2.so"`},
		{map[string]string{moduleVariable: "/missing.so", pinVariable: "654321"}, "/missing.so: no such file"},
		{map[string]string{pinVariable: "654321", extractableVariable: "yes"}, extractableVariable},
		{map[string]string{pinVariable: "654321", exclusiveVariable: "0"}, exclusiveVariable},
		{map[string]string{}, "expected the PIN"},
		{map[string]string{pinVariable: "654321", pinFileVariable: module}, "in one of"},
		{map[string]string{pinFileVariable: "pin"}, "absolute path"},
		{map[string]string{pinFileVariable: "/missing"}, "/missing: no such file"},
		{map[string]string{pinFileVariable: pipe}, "expected a file"},
		{map[string]string{pinFileVariable: filepath.Dir(module)}, "expected a file"},
		{map[string]string{pinFileVariable: file("group", "654321", 0o640)}, "mode 0640"},
		{map[string]string{pinFileVariable: file("world", "654321", 0o604)}, "mode 0604"},
		{map[string]string{pinFileVariable: file("empty", "\n", 0o600)}, "one line"},
		{map[string]string{pinFileVariable: file("two", "654321\n1\n", 0o600)}, "one line"},
		{map[string]string{pinFileVariable: file("long", strings.Repeat("6", 1025), 0o600)}, "1024 bytes"},
	} {
		_, err := readSettings(func(name string) string {
			if set, isSet := refused.environment[name]; isSet || name != moduleVariable || strings.Contains(refused.want, moduleVariable) {
				return set
			}
			return module
		})
		if err == nil || !strings.Contains(err.Error(), refused.want) || strings.Contains(err.Error(), "654321") {
			t.Errorf("%v: expected an error that names %q and no PIN, got %v", refused.environment, refused.want, err)
		}
	}
}

func TestIsExclusive(t *testing.T) {
	for _, one := range []struct {
		module, wanted string
		want           bool
	}{
		{"/usr/lib/softhsm/libsofthsm2.so", "", true},
		{"/opt/cloudhsm/lib/libcloudhsm_pkcs11.so", "", false},
		{"/usr/lib/softhsm/other.so", "", false},
		{"/usr/lib/yubihsm_pkcs11.so", "1", true},
	} {
		if got := isExclusive(one.module, one.wanted); got != one.want {
			t.Errorf("%s %q: got %v", one.module, one.wanted, got)
		}
	}
}

func TestReadSettingsTakesAnInheritedDescriptor(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "pin")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("654321"); err != nil || file.Chmod(0o777) != nil {
		t.Fatal(err)
	}
	link := "/proc/self/fd/" + strconv.Itoa(int(file.Fd()))
	for range 2 {
		if pin, err := readPinFile(link); err != nil || pin != "654321" {
			t.Fatalf("expected the PIN at every read, got %v", err)
		}
	}
}
