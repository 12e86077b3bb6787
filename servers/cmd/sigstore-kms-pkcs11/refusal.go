package main

import "fmt"

// refusal is what a person is told: what was wrong, and what to do about it. It never holds a PIN.
type refusal struct {
	message string
	hint    string
	cause   error
}

func refuse(hint, format string, values ...any) *refusal {
	return &refusal{message: fmt.Sprintf(format, values...), hint: hint}
}

func (r *refusal) because(cause error) *refusal {
	r.cause = cause
	return r
}

// Error says both in one sentence: the protocol has one string for an error.
func (r *refusal) Error() string {
	if r.cause == nil {
		return fmt.Sprintf("%s; hint: %s", r.message, r.hint)
	}
	return fmt.Sprintf("%s: %v; hint: %s", r.message, r.cause, r.hint)
}

func (r *refusal) Unwrap() error {
	return r.cause
}
