package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestParseReferenceAccepts(t *testing.T) {
	for text, want := range map[string]reference{
		"token=sigstead;object=fulcio":               {token: "sigstead", object: "fulcio"},
		"token=my%20token;object=a%3Bb;id=%01%ff":    {token: "my token", object: "a;b", id: []byte{1, 255}},
		"serial=0123;id=%00":                         {serial: "0123", id: []byte{0}},
		"token=t;object=o;type=private":              {token: "t", object: "o"},
		"object=%C3%A4;token=%74":                    {token: "t", object: "ä"},
		"token=a+b;object=with/slash@and:colon,dot.": {token: "a+b", object: "with/slash@and:colon,dot."},
	} {
		got, err := parseReference(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got.token != want.token || got.serial != want.serial || got.object != want.object || !bytes.Equal(got.id, want.id) {
			t.Errorf("%s: expected %+v, got %+v", text, want, got)
		}
	}
}

func TestParseReferenceRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                     "name=value",
		"token":                                "name=value",
		"token=":                               "name=value",
		"token=t;":                             "name=value",
		"token=t;object=a b":                   "percent-encoding",
		"token=t;object=%4":                    "percent-encoding",
		"token=t;object=%zz":                   "percent-encoding",
		"token=t;object=a=b":                   "percent-encoding",
		"token=t;object=ä":                     "percent-encoding",
		"token=t;object=%ff":                   "object in UTF-8",
		"token=t;token=t;object=o":             "token appears twice",
		"token=t;object=o;slot-id=1":           "unknown attribute slot-id=1",
		"token=t;object=o;Object=p":            "unknown attribute Object=p",
		"token=t;object=o;type=public":         "unknown attribute type=public",
		"object=o":                             "which token",
		"token=t":                              "which key",
		"token=t;object=o;pin-value=123456":    "neither module nor PIN",
		"token=t;object=o?pin-value=123456":    "neither module nor PIN",
		"token=t;object=o?module-path=/lib.so": "neither module nor PIN",
		"token=t;object=o?x":                   "percent-encoding",
		"/token=t;object=o":                    "unknown attribute /token",
	} {
		_, err := parseReference(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: expected an error that names %q, got %v", text, want, err)
		}
		if err != nil && strings.Contains(err.Error(), "123456") {
			t.Errorf("%s: the error shows the PIN: %v", text, err)
		}
	}
}
