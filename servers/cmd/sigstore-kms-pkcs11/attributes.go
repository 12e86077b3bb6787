//go:build cgo

package main

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/miekg/pkcs11"
)

// attributes are what a token says of an object; what it does not have is not in it.
type attributes map[uint][]byte

// read asks for all at once, since each question may be a round trip to the HSM; and one by one where the token does not
// have one of them, which fails the question for all.
func (t *token) read(handle pkcs11.ObjectHandle, kinds ...uint) attributes {
	wanted := make([]*pkcs11.Attribute, 0, len(kinds))
	for _, kind := range kinds {
		wanted = append(wanted, pkcs11.NewAttribute(kind, nil))
	}
	found := attributes{}
	if values, err := t.module.GetAttributeValue(t.session, handle, wanted); err == nil {
		found.add(values)
		return found
	}
	for _, one := range wanted {
		if values, err := t.module.GetAttributeValue(t.session, handle, []*pkcs11.Attribute{one}); err == nil {
			found.add(values)
		}
	}
	return found
}

func (a attributes) add(values []*pkcs11.Attribute) {
	for _, one := range values {
		a[one.Type] = one.Value
	}
}

func (a attributes) flag(kind uint, otherwise bool) bool {
	if value := a[kind]; len(value) == 1 {
		return value[0] != 0
	}
	return otherwise
}

func (a attributes) number(kind uint) uint64 {
	if value := a[kind]; len(value) == 8 {
		return binary.NativeEndian.Uint64(value)
	}
	return ^uint64(0)
}

// name returns what the public half has in common with a private key: its id, and without an id its label.
func (a attributes) name() []*pkcs11.Attribute {
	if id := a[pkcs11.CKA_ID]; len(id) > 0 {
		return named("", id)
	}
	return named(string(a[pkcs11.CKA_LABEL]), nil)
}

func (a attributes) describe() string {
	return reference{object: string(a[pkcs11.CKA_LABEL]), id: a[pkcs11.CKA_ID]}.describeKey()
}

func (r reference) describeKey() string {
	var parts []string
	if r.object != "" {
		parts = append(parts, fmt.Sprintf("object=%q", r.object))
	}
	if len(r.id) > 0 {
		parts = append(parts, fmt.Sprintf("id=%%%x", r.id))
	}
	return strings.Join(parts, ";")
}
