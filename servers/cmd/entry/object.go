package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxInput bounds each input in bytes. The kernel takes no variable over 128 KiB; objects may come from elsewhere.
const maxInput = 1 << 20

// object is a JSON object whose members are taken one by one, so that none is left over unread.
type object map[string]json.RawMessage

// parseObject refuses what encoding/json lets pass: equal keys, trailing data, invalid UTF-8. No error repeats content.
func parseObject(text string) (object, error) {
	if len(text) > maxInput {
		return nil, fmt.Errorf("expected at most %d bytes, got %d", maxInput, len(text))
	}
	if !utf8.ValidString(text) {
		return nil, errors.New("expected UTF-8")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if token, err := decoder.Token(); err != nil || token != json.Delim('{') {
		return nil, errors.New("expected a JSON object")
	}
	members := object{}
	for decoder.More() {
		if err := members.readMember(decoder); err != nil {
			return nil, err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, invalidJSON(decoder)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("expected nothing after the JSON object, got more at byte %d", decoder.InputOffset())
	}
	return members, nil
}

func (o object) readMember(decoder *json.Decoder) error {
	token, err := decoder.Token()
	key, isString := token.(string)
	if err != nil || !isString {
		return invalidJSON(decoder)
	}
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return invalidJSON(decoder)
	}
	if _, twice := o[key]; twice {
		return fmt.Errorf("%q: expected once, got it twice", key)
	}
	o[key] = value
	return nil
}

func invalidJSON(decoder *json.Decoder) error {
	return fmt.Errorf("expected JSON, got something else after byte %d", decoder.InputOffset())
}

// take removes a member and decodes it; a null is not a value.
func take[T any](members object, key string) (T, error) {
	var value T
	raw, found := members[key]
	if !found {
		return value, fmt.Errorf("%q: expected, got nothing", key)
	}
	delete(members, key)
	if string(raw) == "null" || json.Unmarshal(raw, &value) != nil {
		return value, fmt.Errorf("%q: expected a JSON %T", key, value)
	}
	return value, nil
}

// done refuses members that nobody took.
func (o object) done() error {
	if len(o) > 0 {
		return fmt.Errorf("%q: unknown key", slices.Sorted(maps.Keys(o))[0])
	}
	return nil
}

// parseStrings parses a JSON object that has only strings in it.
func parseStrings(text string) (map[string]string, error) {
	members, err := parseObject(text)
	if err != nil {
		return nil, err
	}
	values := make(map[string]string, len(members))
	for _, key := range slices.Sorted(maps.Keys(members)) {
		if values[key], err = take[string](members, key); err != nil {
			return nil, err
		}
	}
	return values, nil
}
