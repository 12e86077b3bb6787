//go:build cgo

package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/miekg/pkcs11"
)

// token is a session with one token, in which the user is logged in.
type token struct {
	module  *pkcs11.Ctx
	session pkcs11.SessionHandle
	what    string
	// Held while the module is to be used by one process at a time.
	turn *os.File
}

// openToken loads the module, finds the one token of the reference and logs in, with one try.
func openToken(wanted reference, with settings) (_ *token, err error) {
	opened := &token{what: with.module}
	defer func() {
		if err != nil {
			opened.close()
		}
	}()
	if with.exclusive {
		if opened.turn, err = waitForTurn(with.module); err != nil {
			return nil, err
		}
	}
	if err := opened.load(with.module); err != nil {
		return nil, err
	}
	slot, info, err := opened.findSlot(wanted)
	if err != nil {
		return nil, err
	}
	opened.what = describe(info)
	// Read-only sessions are enough to sign, and need no exclusive access.
	if opened.session, err = opened.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
		return nil, refuse("see whether other programs hold all sessions of the token", "%s: no session", opened.what).because(err)
	}
	if err := opened.logIn(slot, info, with.pin); err != nil {
		return nil, err
	}
	return opened, nil
}

func (t *token) load(path string) error {
	module := pkcs11.New(path)
	if module == nil {
		return refuse("see `ldd "+path+"`: an image needs the C library and everything that it lists",
			"%s: %s cannot be loaded as a PKCS#11 module", moduleVariable, path)
	}
	if err := module.Initialize(); err != nil {
		return refuse("see that the configuration and the service of the HSM are what its maker asks for",
			"%s: the module does not start", path).because(err)
	}
	t.module = module
	return nil
}

// close ends everything that this process has in the module, so that no session is left behind in the HSM.
func (t *token) close() {
	if t == nil {
		return
	}
	if t.module != nil {
		_ = t.module.Finalize()
	}
	if t.turn != nil {
		_ = t.turn.Close()
	}
}

func (t *token) findSlot(wanted reference) (uint, pkcs11.TokenInfo, error) {
	slots, err := t.module.GetSlotList(true)
	if err != nil {
		return 0, pkcs11.TokenInfo{}, refuse("see whether the HSM is connected", "%s: no list of tokens", t.what).because(err)
	}
	var slot uint
	var found []pkcs11.TokenInfo
	var present, fitting []string
	for _, one := range slots {
		info, err := t.module.GetTokenInfo(one)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			// A slot whose token was just taken out, or was never set up, is none of our business.
			continue
		}
		present = append(present, describe(info))
		if wanted.fits(info.Label, info.SerialNumber) {
			slot, found, fitting = one, append(found, info), append(fitting, describe(info))
		}
	}
	switch len(found) {
	case 1:
		return slot, found[0], nil
	case 0:
		return 0, pkcs11.TokenInfo{}, refuse("correct token= and serial= in the key reference, or connect the HSM",
			"no token %s; present: %s", wanted.describeToken(), listed(present))
	default:
		return 0, pkcs11.TokenInfo{}, refuse("name the token by serial= in the key reference",
			"expected one token %s, got %s", wanted.describeToken(), listed(fitting))
	}
}

// logIn tries the PIN once. A server that is started again and again with a wrong PIN would lock the token for good: the
// last try is left to a person.
func (t *token) logIn(slot uint, info pkcs11.TokenInfo, pin string) error {
	if info.Flags&pkcs11.CKF_USER_PIN_LOCKED != 0 {
		return lockedPin(t.what)
	}
	if info.Flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0 {
		return refuse("log in by hand with the right PIN (e.g. pkcs11-tool --login --list-objects), then start the server again",
			"%s: one more wrong PIN locks it: the last try is not spent by a program", t.what)
	}
	err := t.module.Login(t.session, pkcs11.CKU_USER, pin)
	if err == nil || isReturned(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN) {
		return nil
	}
	if isReturned(err, pkcs11.CKR_PIN_LOCKED) {
		return lockedPin(t.what)
	}
	if isReturned(err, pkcs11.CKR_PIN_INCORRECT) {
		return refuse("stop the server before it tries again: every token locks after a few wrong PINs",
			"%s: wrong PIN; %s", t.what, t.remainingTries(slot))
	}
	return refuse("see what the maker of the HSM says about this value", "%s: no login", t.what).because(err)
}

// remainingTries says what the token tells of its counter, which is never a number.
func (t *token) remainingTries(slot uint) string {
	info, err := t.module.GetTokenInfo(slot)
	switch {
	case err != nil:
		return "it does not say how many tries are left"
	case info.Flags&pkcs11.CKF_USER_PIN_LOCKED != 0:
		return "it is locked now"
	case info.Flags&pkcs11.CKF_USER_PIN_FINAL_TRY != 0:
		return "one more wrong one locks it"
	case info.Flags&pkcs11.CKF_USER_PIN_COUNT_LOW != 0:
		return "it counts wrong ones, and more than one try is left"
	}
	return "it does not say how many tries are left"
}

func lockedPin(what string) error {
	return refuse("unlock it with its security officer's PIN, using the tool of its maker; the keys stay",
		"%s: its PIN is locked after too many wrong ones", what)
}

func isReturned(err error, wanted uint) bool {
	returned, ok := err.(pkcs11.Error)
	return ok && uint(returned) == wanted
}

func describe(info pkcs11.TokenInfo) string {
	return fmt.Sprintf("token %q (serial %s)", info.Label, info.SerialNumber)
}

func (r reference) describeToken() string {
	var parts []string
	if r.token != "" {
		parts = append(parts, fmt.Sprintf("%q", r.token))
	}
	if r.serial != "" {
		parts = append(parts, "serial "+r.serial)
	}
	return strings.Join(parts, ", ")
}

func listed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
