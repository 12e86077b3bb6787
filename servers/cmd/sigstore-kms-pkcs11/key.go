//go:build cgo

package main

import (
	"crypto/ecdsa"
	"crypto/x509"
	"fmt"

	"github.com/miekg/pkcs11"
)

// key is a private key of a token that may sign: one that the token keeps to itself.
type key struct {
	token  *token
	handle pkcs11.ObjectHandle
	public *ecdsa.PublicKey
}

// maxObjects is how many keys of one name are counted and named in a refusal.
const maxObjects = 16

func (t *token) findKey(wanted reference, allowExtractable bool) (*key, error) {
	template := []*pkcs11.Attribute{pkcs11.NewAttribute(pkcs11.CKA_CLASS, pkcs11.CKO_PRIVATE_KEY)}
	found, err := t.find(append(template, named(wanted.object, wanted.id)...))
	if err != nil {
		return nil, err
	}
	switch len(found) {
	case 1:
	case 0:
		all, _ := t.find(template)
		return nil, refuse("correct object= and id= in the key reference",
			"%s: no private key %s; present: %s", t.what, wanted.describeKey(), t.describeKeys(all))
	default:
		return nil, refuse("name the key by id= in the key reference",
			"%s: expected one private key %s, got %s", t.what, wanted.describeKey(), t.describeKeys(found))
	}
	private := t.read(found[0], pkcs11.CKA_LABEL, pkcs11.CKA_ID, pkcs11.CKA_KEY_TYPE, pkcs11.CKA_SIGN,
		pkcs11.CKA_ALWAYS_AUTHENTICATE, pkcs11.CKA_SENSITIVE, pkcs11.CKA_EXTRACTABLE)
	what := func() string { return fmt.Sprintf("%s, key %s", t.what, private.describe()) }
	if err := assertKept(what, private, allowExtractable); err != nil {
		return nil, err
	}
	public, err := t.readPublicKey(found[0], private)
	if err != nil {
		return nil, err
	}
	return &key{token: t, handle: found[0], public: public}, nil
}

// assertKept refuses a key that the token would hand out, or cannot sign with. What a token does not say counts as the
// worse answer.
func assertKept(what func() string, private attributes, allowExtractable bool) error {
	if kind := private.number(pkcs11.CKA_KEY_TYPE); kind != pkcs11.CKK_EC {
		return refuse(algorithmHint, "%s: expected an EC key, got key type 0x%x", what(), kind)
	}
	if !private.flag(pkcs11.CKA_SIGN, false) {
		return refuse("make a new key, with CKA_SIGN", "%s: it was not made for signing", what())
	}
	if private.flag(pkcs11.CKA_ALWAYS_AUTHENTICATE, false) {
		return refuse("make a new key, without CKA_ALWAYS_AUTHENTICATE", "%s: it wants a person for every signature", what())
	}
	if allowExtractable || private.flag(pkcs11.CKA_SENSITIVE, false) && !private.flag(pkcs11.CKA_EXTRACTABLE, true) {
		return nil
	}
	return refuse("make a new key with CKA_SENSITIVE and without CKA_EXTRACTABLE; or, where its only backup is to be wrapped, set "+
		extractableVariable+"=1", "%s: whoever has the PIN can read it out (it is extractable, or not sensitive)", what())
}

// readPublicKey returns the public half: of the public key beside the private one, else of a certificate, else what the
// private key says itself. Nothing is proven by it but where to look; a signature proves that the halves belong together.
func (t *token) readPublicKey(handle pkcs11.ObjectHandle, private attributes) (*ecdsa.PublicKey, error) {
	beside := func(class uint) ([]pkcs11.ObjectHandle, error) {
		return t.find(append(private.name(), pkcs11.NewAttribute(pkcs11.CKA_CLASS, class)))
	}
	public, err := beside(pkcs11.CKO_PUBLIC_KEY)
	if err != nil {
		return nil, err
	}
	for _, handle := range append(public, handle) {
		half := t.read(handle, pkcs11.CKA_EC_POINT, pkcs11.CKA_EC_PARAMS)
		if point := half[pkcs11.CKA_EC_POINT]; len(point) > 0 {
			return publicKeyOfPoint(half[pkcs11.CKA_EC_PARAMS], point)
		}
	}
	certificates, err := beside(pkcs11.CKO_CERTIFICATE)
	if err != nil {
		return nil, err
	}
	for _, handle := range certificates {
		if certificate, err := x509.ParseCertificate(t.read(handle, pkcs11.CKA_VALUE)[pkcs11.CKA_VALUE]); err == nil {
			if key, ok := certificate.PublicKey.(*ecdsa.PublicKey); ok {
				return key, nil
			}
		}
	}
	return nil, refuse("import the public key or the certificate into the token, with the CKA_ID of the private key",
		"%s: neither a public key nor a certificate stands beside key %s", t.what, private.describe())
}

// sign returns what the token answers for a digest: r and s, not verified yet.
func (k *key) sign(digest []byte) ([]byte, error) {
	mechanism := []*pkcs11.Mechanism{pkcs11.NewMechanism(pkcs11.CKM_ECDSA, nil)}
	if err := k.token.module.SignInit(k.token.session, mechanism, k.handle); err != nil {
		return nil, refuse("see whether the HSM supports CKM_ECDSA", "%s: it does not begin to sign", k.token.what).because(err)
	}
	raw, err := k.token.module.Sign(k.token.session, digest)
	if err != nil {
		return nil, refuse("see what the HSM's own log says", "%s: it does not sign", k.token.what).because(err)
	}
	return raw, nil
}

func (t *token) find(template []*pkcs11.Attribute) ([]pkcs11.ObjectHandle, error) {
	if err := t.module.FindObjectsInit(t.session, template); err != nil {
		return nil, refuse("see what the HSM's own log says", "%s: no search", t.what).because(err)
	}
	defer func() { _ = t.module.FindObjectsFinal(t.session) }()
	var found []pkcs11.ObjectHandle
	for len(found) < maxObjects {
		some, _, err := t.module.FindObjects(t.session, maxObjects)
		if err != nil {
			return nil, refuse("see what the HSM's own log says", "%s: no search", t.what).because(err)
		}
		if len(some) == 0 {
			break
		}
		found = append(found, some...)
	}
	return found, nil
}

func named(label string, id []byte) []*pkcs11.Attribute {
	var attributes []*pkcs11.Attribute
	if label != "" {
		attributes = append(attributes, pkcs11.NewAttribute(pkcs11.CKA_LABEL, label))
	}
	if len(id) > 0 {
		attributes = append(attributes, pkcs11.NewAttribute(pkcs11.CKA_ID, id))
	}
	return attributes
}

func (t *token) describeKeys(handles []pkcs11.ObjectHandle) string {
	var names []string
	for _, handle := range handles {
		names = append(names, t.read(handle, pkcs11.CKA_LABEL, pkcs11.CKA_ID).describe())
	}
	return listed(names)
}
