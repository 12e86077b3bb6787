package main

import (
	"net/url"
	"regexp"
	"strings"
	"unicode/utf8"
)

// reference names one private key of one token.
type reference struct {
	token  string
	serial string
	object string
	id     []byte
}

const referenceHint = "e.g. pkcs11://token=sigstead;object=fulcio; a space is %20, a semicolon %3B"

// value has the characters that RFC 7512 §2.3 allows to stand for themselves, and the percent-encoding of every other.
var value = regexp.MustCompile(`^(?:[A-Za-z0-9\-._~:\[\]@!$'()*+,&/|]|%[0-9A-Fa-f]{2})+$`)

// parseReference parses what follows pkcs11:// in the key's address: the path attributes of a PKCS#11 URI (RFC 7512).
// Attributes that it does not know are refused, since leaving one out could select another key. Module and PIN are
// refused by name: they differ from machine to machine, and arguments of processes are for everybody to read.
func parseReference(text string) (reference, error) {
	if regexp.MustCompile(`(?i)(?:pin-value|pin-source|module-path|module-name)=`).MatchString(text) {
		return reference{}, refuse("module and PIN come in "+moduleVariable+" and "+pinFileVariable,
			"key reference: expected neither module nor PIN in it")
	}
	attributes := map[string]string{}
	for _, part := range strings.Split(text, ";") {
		name, encoded, _ := strings.Cut(part, "=")
		if !value.MatchString(encoded) {
			return reference{}, refuse(referenceHint, "key reference: expected name=value in percent-encoding, got %q", part)
		}
		if _, twice := attributes[name]; twice {
			return reference{}, refuse(referenceHint, "key reference: attribute %s appears twice", name)
		}
		decoded, err := url.PathUnescape(encoded)
		if err != nil {
			return reference{}, refuse(referenceHint, "key reference: attribute %s", name).because(err)
		}
		if name != "id" && !utf8.ValidString(decoded) {
			return reference{}, refuse(referenceHint, "key reference: expected %s in UTF-8", name)
		}
		attributes[name] = decoded
	}
	return referenceOf(attributes)
}

func referenceOf(attributes map[string]string) (reference, error) {
	var parsed reference
	for name, decoded := range attributes {
		switch {
		case name == "token":
			parsed.token = decoded
		case name == "serial":
			parsed.serial = decoded
		case name == "object":
			parsed.object = decoded
		case name == "id":
			parsed.id = []byte(decoded)
		case name == "type" && decoded == "private":
		default:
			return reference{}, refuse("known: token, serial, object, id, type=private",
				"key reference: unknown attribute %s=%s", name, decoded)
		}
	}
	if parsed.token == "" && parsed.serial == "" {
		return reference{}, refuse(referenceHint, "key reference: expected token= or serial=, or it would not say which token")
	}
	if parsed.object == "" && parsed.id == nil {
		return reference{}, refuse(referenceHint, "key reference: expected object= or id=, or it would not say which key")
	}
	return parsed, nil
}

func (r reference) fits(token, serial string) bool {
	return (r.token == "" || r.token == token) && (r.serial == "" || r.serial == serial)
}
